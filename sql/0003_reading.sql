-- Functions that read what no single index answers.

SELECT set_config('search_path', format('spean, %I, public', n.nspname), true)
FROM pg_extension x
JOIN pg_namespace n ON n.oid = x.extnamespace
WHERE x.extname = 'pg_trgm';

-- See STMT_COMPANY_FIND.
CREATE FUNCTION spean.company_find(p_refs jsonb)
    RETURNS TABLE (ord integer, id uuid, version bigint, doc jsonb, updated_ms bigint)
    LANGUAGE sql STABLE
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
    SELECT (r.n - 1)::integer, c.id, c.version,
           c.doc || jsonb_build_object('contacts', coalesce(k.contacts, '[]')),
           spean.epoch_ms(c.updated_at)
    FROM jsonb_array_elements(p_refs) WITH ORDINALITY r(ref, n)
    CROSS JOIN LATERAL (
        SELECT (r.ref ->> 'id')::uuid AS id
        WHERE r.ref ->> 'id' IS NOT NULL
        UNION
        SELECT e.company_id
        FROM jsonb_to_recordset(r.ref -> 'externals') x(system text, id text)
        JOIN spean.company_external e ON e.system = x.system AND e.id = x.id
        WHERE r.ref ->> 'id' IS NULL
    ) led
    JOIN spean.company c ON c.id = led.id
    LEFT JOIN spean.company_contact k ON k.company_id = c.id
    ORDER BY r.n, c.id;
$$;

-- See STMT_COMPANY_LIST. Planned anew each time: which index is best depends on which filters are
-- given.
CREATE FUNCTION spean.company_list(p_country text, p_sector text, p_region text, p_status text,
                                   p_updated_ms bigint, p_after uuid, p_limit integer)
    RETURNS TABLE (id uuid, version bigint, doc jsonb, updated_ms bigint)
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.id, c.version, c.doc, spean.epoch_ms(c.updated_at)
    FROM spean.company c
    WHERE (p_country IS NULL OR c.country = p_country)
      AND (p_sector IS NULL OR c.sector_terms @> ARRAY[p_sector])
      AND (p_region IS NULL OR c.region = p_region)
      AND (p_status IS NULL OR c.status = p_status)
      AND (p_updated_ms IS NULL OR c.updated_at > spean.from_epoch_ms(p_updated_ms))
      AND (p_after IS NULL OR c.id > p_after)
    ORDER BY c.id
    LIMIT p_limit;
END;
$$;

-- Search keys that may be meant by p_text, most certain first, in steps: a step is taken only when
-- those before it found too little. Each step is bounded, so that a word that half of all names
-- share costs no more than a rare one.
CREATE FUNCTION spean.key_candidates(p_text text, p_country text, p_wanted integer)
    RETURNS TABLE (company_id uuid, key text)
    LANGUAGE plpgsql STABLE
    SET search_path FROM CURRENT
    SET plan_cache_mode = force_custom_plan
    SET enable_seqscan = off
    SET pg_trgm.word_similarity_threshold = 0.6
AS $$
#variable_conflict use_column
DECLARE
    pattern text := regexp_replace(p_text, '([\\%_])', '\\\1', 'g');
    start text := regexp_replace(left(p_text, 100), '([\\%_])', '\\\1', 'g') || '%';
    anywhere text := '%' || pattern || '%';
    word text := '% ' || pattern || '%';
    step integer := 0;
    total integer := 0;
    threshold text;
BEGIN
    -- names that begin with it
    RETURN QUERY
    SELECT k.company_id, k.key FROM spean.company_key k
    WHERE left(k.key, 100) LIKE start AND (p_country IS NULL OR k.country = p_country)
    ORDER BY left(k.key, 100) USING ~<~
    LIMIT 500;
    GET DIAGNOSTICS total = ROW_COUNT;
    IF cardinality(show_trgm(p_text)) = 0 THEN
        RETURN; -- nothing that the trigram index could find
    END IF;
    IF length(p_text) < 3 THEN
        IF total < p_wanted THEN -- one or two letters: words that begin with them
            RETURN QUERY
            SELECT k.company_id, k.key FROM spean.company_key k
            WHERE k.key LIKE word AND (p_country IS NULL OR k.country = p_country)
            LIMIT 500;
        END IF;
        RETURN;
    END IF;
    -- names that hold it
    RETURN QUERY
    SELECT k.company_id, k.key FROM spean.company_key k
    WHERE k.key LIKE anywhere AND (p_country IS NULL OR k.country = p_country)
    LIMIT 1000;
    GET DIAGNOSTICS step = ROW_COUNT;
    total := total + step;
    -- names that hold something like it, then something less like it
    FOREACH threshold IN ARRAY ARRAY['0.55', '0.4'] LOOP
        EXIT WHEN total >= 2 * p_wanted; -- most were found twice above
        PERFORM set_config('pg_trgm.word_similarity_threshold', threshold, true);
        RETURN QUERY
        SELECT k.company_id, k.key FROM spean.company_key k
        WHERE p_text <% k.key AND (p_country IS NULL OR k.country = p_country)
        LIMIT 2000;
        GET DIAGNOSTICS step = ROW_COUNT;
        total := total + step;
    END LOOP;
END;
$$;

-- How well a name answers a text, 0..1: most for how well a part of the name is the text, the rest
-- for how much of the name that is.
CREATE FUNCTION spean.key_rank(p_text text, p_key text) RETURNS real
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path FROM CURRENT
AS $$
    SELECT CASE WHEN p_key = p_text THEN 1
                ELSE (0.75 * CASE WHEN position(p_text IN p_key) > 0 THEN 1
                                  ELSE word_similarity(p_text, p_key) END
                      + 0.2 * similarity(p_text, p_key))
           END::real;
$$;

-- See STMT_COMPANY_SEARCH. A company counts once, with its best name; archived ones come after what
-- is as near and alive.
CREATE FUNCTION spean.company_search(p_text text, p_country text, p_limit integer)
    RETURNS TABLE (id uuid, name text, country text, region text, sectors jsonb, rank real)
    LANGUAGE sql STABLE
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
    SELECT c.id, c.name, c.country, c.region, to_jsonb(c.sectors),
           best.rank * CASE WHEN c.status = 'archived' THEN 0.5 ELSE 1 END::real AS rank
    FROM (SELECT k.company_id, max(spean.key_rank(p_text, k.key)) AS rank
          FROM spean.key_candidates(p_text, p_country, p_limit) k
          WHERE p_text <> ''
          GROUP BY k.company_id) best
    JOIN spean.company c ON c.id = best.company_id
    ORDER BY rank DESC, c.id
    LIMIT p_limit;
$$;
