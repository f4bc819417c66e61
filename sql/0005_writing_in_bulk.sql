-- The functions that write, once more: the companies are unfolded from JSON once and handed on as
-- rows, and what is new is not looked up. Half of the time of a large write went there. What goes
-- in, what comes out and what is locked in which order stay the same, so older daemons go on. The
-- functions of before stay: a write that is under way at this moment still calls them.

-- Locks the companies that are there, in id order, so that two writers never wait for each other,
-- and makes sure that each still is what the writer looked at.
CREATE FUNCTION spean.company_lock(p_writes spean.company_input[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
BEGIN
    IF (SELECT count(*) <> count(DISTINCT w.id) FROM unnest(p_writes) w) THEN
        RAISE SQLSTATE '22023' USING MESSAGE = 'the same company is written twice';
    END IF;
    PERFORM 1
    FROM spean.company c
    WHERE c.id = ANY (ARRAY(SELECT w.id FROM unnest(p_writes) w))
    ORDER BY c.id
    FOR UPDATE;
    -- The lock may have waited for another writer: look at what it left.
    IF EXISTS (
        SELECT
        FROM unnest(p_writes) w
        LEFT JOIN spean.company c ON c.id = w.id
        WHERE coalesce(c.version, 0) <> w.expect
    ) THEN
        RAISE SQLSTATE 'SP001' USING MESSAGE = 'a company has another version by now';
    END IF;
END;
$$;

CREATE FUNCTION spean.company_store(p_writes spean.company_input[], p_at timestamptz,
                                    p_format integer, p_model text) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
BEGIN
    UPDATE spean.company c
    SET version = w.expect + 1,
        country = w.doc ->> 'country',
        name = w.doc ->> 'name',
        region = w.doc ->> 'region',
        city = w.doc ->> 'city',
        status = w.doc ->> 'status',
        sectors = s.sectors,
        sector_terms = ARRAY(SELECT t FROM unnest(s.sectors) t
                             UNION SELECT split_part(t, '.', 1) FROM unnest(s.sectors) t),
        valid_until = (w.doc ->> 'valid_until')::date,
        verified = (w.doc ->> 'verified')::date,
        updated_at = p_at,
        doc = w.doc,
        packed = decode(w.packed, 'base64'),
        pack_format = p_format,
        pack_model = p_model
    FROM unnest(p_writes) w,
         LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(w.doc -> 'sectors')) AS sectors
                  OFFSET 0) s
    WHERE w.expect > 0 AND c.id = w.id;

    INSERT INTO spean.company
    SELECT w.id, 1, w.doc ->> 'country', w.doc ->> 'name', w.doc ->> 'region', w.doc ->> 'city',
           w.doc ->> 'status', s.sectors,
           ARRAY(SELECT t FROM unnest(s.sectors) t
                 UNION SELECT split_part(t, '.', 1) FROM unnest(s.sectors) t),
           (w.doc ->> 'valid_until')::date, (w.doc ->> 'verified')::date, p_at, w.doc,
           decode(w.packed, 'base64'), p_format, p_model
    FROM unnest(p_writes) w,
         LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(w.doc -> 'sectors')) AS sectors
                  OFFSET 0) s
    WHERE w.expect = 0
    ORDER BY w.id;

    DELETE FROM spean.company_contact k
    USING unnest(p_writes) w
    WHERE w.expect > 0 AND k.company_id = w.id AND k.contacts <> coalesce(w.contacts, '[]');
    INSERT INTO spean.company_contact
    SELECT w.id, w.contacts
    FROM unnest(p_writes) w
    WHERE w.contacts <> '[]' AND jsonb_typeof(w.contacts) = 'array'
    ON CONFLICT DO NOTHING;
END;
$$;

-- Brings the external ids and the search keys in line with the profiles, touching only what differs.
CREATE FUNCTION spean.company_link(p_writes spean.company_input[]) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
DECLARE
    known spean.company_input[] := ARRAY(SELECT w FROM unnest(p_writes) w WHERE w.expect > 0);
    wanted bigint;
    taken bigint;
BEGIN
    IF cardinality(known) > 0 THEN
        DELETE FROM spean.company_external e
        USING unnest(known) w
        WHERE e.company_id = w.id
          AND NOT EXISTS (SELECT
                          FROM jsonb_to_recordset(w.doc -> 'external_ids') x(system text, id text)
                          WHERE x.system = e.system AND x.id = e.id);
        DELETE FROM spean.company_key k
        USING unnest(known) w
        WHERE k.company_id = w.id
          AND NOT EXISTS (SELECT
                          FROM jsonb_to_recordset(w.keys) x(lang text, key text)
                          WHERE coalesce(x.lang, '') = k.lang AND x.key = k.key
                            AND w.doc ->> 'country' = k.country);
    END IF;
    -- In the order of the ids, for the same reason as the locks.
    INSERT INTO spean.company_external
    SELECT x.system, x.id, w.id
    FROM unnest(p_writes) w,
         LATERAL jsonb_to_recordset(w.doc -> 'external_ids') x(system text, id text)
    ORDER BY x.system COLLATE "C", x.id COLLATE "C"
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS taken = ROW_COUNT;
    SELECT coalesce(sum(jsonb_array_length(w.doc -> 'external_ids')), 0) INTO wanted
    FROM unnest(p_writes) w;
    -- Where all were free there is nobody else's among them.
    IF taken < wanted AND EXISTS (
        SELECT
        FROM unnest(p_writes) w
        CROSS JOIN LATERAL jsonb_to_recordset(w.doc -> 'external_ids') x(system text, id text)
        JOIN spean.company_external e ON e.system = x.system AND e.id = x.id
        WHERE e.company_id <> w.id
    ) THEN
        RAISE SQLSTATE 'SP001' USING MESSAGE = 'an external id belongs to another company';
    END IF;

    INSERT INTO spean.company_key
    SELECT DISTINCT w.id, coalesce(x.lang, ''), w.doc ->> 'country', x.key
    FROM unnest(p_writes) w, LATERAL jsonb_to_recordset(w.keys) x(lang text, key text)
    WHERE x.key <> ''
      AND (w.expect = 0
           OR NOT EXISTS (SELECT FROM spean.company_key k
                          WHERE k.company_id = w.id AND k.lang = coalesce(x.lang, '')
                            AND k.key = x.key));
END;
$$;

-- The one way in. See STMT_COMPANY_WRITE.
CREATE OR REPLACE FUNCTION spean.company_write(p_writes jsonb, p_origin text, p_key text, p_digest text,
                                    p_answer text, p_keep_ms bigint, p_format integer, p_model text)
    RETURNS TABLE (seq bigint, at_ms bigint, replay boolean, kept_digest text, kept_answer text,
                   kept_seq bigint)
    LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := date_trunc('milliseconds', clock_timestamp());
    amount integer := jsonb_array_length(p_writes);
    writes spean.company_input[];
    last bigint;
    violated text;
BEGIN
    IF p_key IS NOT NULL
       AND NOT spean.idempotency_take(p_origin, p_key, p_digest, p_answer, p_keep_ms) THEN
        RETURN QUERY
        SELECT f.seq, spean.epoch_ms(moment), true, i.digest, i.answer, i.seq
        FROM spean.idempotency i, spean.feed f
        WHERE i.principal = p_origin AND i.key = p_key;
        IF NOT FOUND THEN -- expired between the two looks
            RAISE SQLSTATE 'SP001' USING MESSAGE = 'the idempotency key has just expired';
        END IF;
        RETURN;
    END IF;

    IF amount > 0 THEN
        writes := ARRAY(SELECT w FROM jsonb_populate_recordset(NULL::spean.company_input, p_writes) w);
        PERFORM spean.company_lock(writes);
        PERFORM spean.company_store(writes, moment, p_format, p_model);
        PERFORM spean.company_link(writes);
        -- From here to the commit no other writer passes: seq is in commit order.
        UPDATE spean.feed f SET seq = f.seq + amount RETURNING f.seq INTO last;
        INSERT INTO spean.change
        SELECT last - amount + w.n, w.id, w.type, w.expect + 1,
               coalesce(w.doc -> 'external_ids', '[]'), p_origin, moment
        FROM unnest(writes) WITH ORDINALITY
             w(id, expect, type, doc, contacts, keys, packed, n);
        PERFORM pg_notify('spean_changes', last::text);
    ELSE
        SELECT f.seq INTO last FROM spean.feed f;
    END IF;
    IF p_key IS NOT NULL THEN
        UPDATE spean.idempotency i SET seq = last WHERE i.principal = p_origin AND i.key = p_key;
    END IF;
    RETURN QUERY SELECT last, spean.epoch_ms(moment), false, NULL::text, NULL::text, NULL::bigint;
EXCEPTION
    -- Two writers in each other's way: whoever lost looks again.
    WHEN deadlock_detected OR serialization_failure THEN
        RAISE SQLSTATE 'SP001' USING MESSAGE = SQLERRM;
    WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
        IF violated = 'company_pkey' THEN -- both made it at the same moment
            RAISE SQLSTATE 'SP001' USING MESSAGE = SQLERRM;
        END IF;
        RAISE;
END;
$$;

-- As it was, in a language that keeps its plan: to make one took longer than to find a company.
CREATE OR REPLACE FUNCTION spean.company_find(p_refs jsonb)
    RETURNS TABLE (ord integer, id uuid, version bigint, doc jsonb, updated_ms bigint)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
END;
$$;
