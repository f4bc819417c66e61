-- Functions that write. Each is called as one statement of its own: one transaction.

CREATE FUNCTION spean.epoch_ms(t timestamptz) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (extract(epoch FROM t) * 1000)::bigint;

CREATE FUNCTION spean.from_epoch_ms(ms bigint) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN timestamptz 'epoch' + ms * interval '1 millisecond';

-- ["a.b", "c"] -> {a.b, c}
CREATE FUNCTION spean.text_array(j jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT e.value
                 FROM jsonb_array_elements_text(coalesce(j, '[]')) WITH ORDINALITY e(value, n)
                 ORDER BY e.n);

-- {a.b, a.c, d} -> {a, a.b, a.c, d}
CREATE FUNCTION spean.sector_terms(sectors text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT s FROM unnest(sectors) s
                 UNION SELECT split_part(s, '.', 1) FROM unnest(sectors) s);

-- The companies to write, as rows.
CREATE TYPE spean.company_input AS (
    id uuid,
    expect bigint,
    type text,
    doc jsonb,
    contacts jsonb,
    keys jsonb,
    packed text
);

-- Locks the companies that are there, in id order, so that two writers never wait for each other,
-- and makes sure that each still is what the writer looked at.
CREATE FUNCTION spean.company_lock(p_writes jsonb) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
BEGIN
    IF (SELECT count(*) <> count(DISTINCT w.value ->> 'id') FROM jsonb_array_elements(p_writes) w)
    THEN
        RAISE SQLSTATE '22023' USING MESSAGE = 'the same company is written twice';
    END IF;
    PERFORM 1
    FROM spean.company c
    WHERE c.id = ANY (ARRAY(SELECT (w.value ->> 'id')::uuid FROM jsonb_array_elements(p_writes) w))
    ORDER BY c.id
    FOR UPDATE;
    -- The lock may have waited for another writer: look at what it left.
    IF EXISTS (
        SELECT
        FROM jsonb_populate_recordset(NULL::spean.company_input, p_writes) w
        LEFT JOIN spean.company c ON c.id = w.id
        WHERE coalesce(c.version, 0) <> w.expect
    ) THEN
        RAISE SQLSTATE 'SP001' USING MESSAGE = 'a company has another version by now';
    END IF;
END;
$$;

CREATE FUNCTION spean.company_store(p_writes jsonb, p_at timestamptz, p_format integer,
                                    p_model text) RETURNS void
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
        sectors = spean.text_array(w.doc -> 'sectors'),
        sector_terms = spean.sector_terms(spean.text_array(w.doc -> 'sectors')),
        valid_until = (w.doc ->> 'valid_until')::date,
        verified = (w.doc ->> 'verified')::date,
        updated_at = p_at,
        doc = w.doc,
        packed = decode(w.packed, 'base64'),
        pack_format = p_format,
        pack_model = p_model
    FROM jsonb_populate_recordset(NULL::spean.company_input, p_writes) w
    WHERE w.expect > 0 AND c.id = w.id;

    INSERT INTO spean.company
    SELECT w.id, 1, w.doc ->> 'country', w.doc ->> 'name', w.doc ->> 'region', w.doc ->> 'city',
           w.doc ->> 'status', s.sectors, spean.sector_terms(s.sectors),
           (w.doc ->> 'valid_until')::date, (w.doc ->> 'verified')::date, p_at, w.doc,
           decode(w.packed, 'base64'), p_format, p_model
    FROM jsonb_populate_recordset(NULL::spean.company_input, p_writes) w,
         LATERAL (SELECT spean.text_array(w.doc -> 'sectors') AS sectors) s
    WHERE w.expect = 0
    ORDER BY w.id;

    DELETE FROM spean.company_contact k
    USING jsonb_populate_recordset(NULL::spean.company_input, p_writes) w
    WHERE k.company_id = w.id AND k.contacts <> coalesce(w.contacts, '[]');
    INSERT INTO spean.company_contact
    SELECT w.id, w.contacts
    FROM jsonb_populate_recordset(NULL::spean.company_input, p_writes) w
    WHERE w.contacts <> '[]' AND jsonb_typeof(w.contacts) = 'array'
    ON CONFLICT DO NOTHING;
END;
$$;

-- Brings the external ids and the search keys in line with the profiles, touching only what differs.
CREATE FUNCTION spean.company_link(p_writes jsonb) RETURNS void
    LANGUAGE plpgsql
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
BEGIN
    DELETE FROM spean.company_external e
    USING jsonb_populate_recordset(NULL::spean.company_input, p_writes) w
    WHERE e.company_id = w.id
      AND NOT EXISTS (SELECT
                      FROM jsonb_to_recordset(w.doc -> 'external_ids') x(system text, id text)
                      WHERE x.system = e.system AND x.id = e.id);
    -- In the order of the ids, for the same reason as the locks.
    INSERT INTO spean.company_external
    SELECT x.system, x.id, w.id
    FROM jsonb_populate_recordset(NULL::spean.company_input, p_writes) w,
         LATERAL jsonb_to_recordset(w.doc -> 'external_ids') x(system text, id text)
    ORDER BY x.system COLLATE "C", x.id COLLATE "C"
    ON CONFLICT DO NOTHING;
    IF EXISTS (
        SELECT
        FROM jsonb_populate_recordset(NULL::spean.company_input, p_writes) w
        CROSS JOIN LATERAL jsonb_to_recordset(w.doc -> 'external_ids') x(system text, id text)
        JOIN spean.company_external e ON e.system = x.system AND e.id = x.id
        WHERE e.company_id <> w.id
    ) THEN
        RAISE SQLSTATE 'SP001' USING MESSAGE = 'an external id belongs to another company';
    END IF;

    DELETE FROM spean.company_key k
    USING jsonb_populate_recordset(NULL::spean.company_input, p_writes) w
    WHERE k.company_id = w.id
      AND NOT EXISTS (SELECT
                      FROM jsonb_to_recordset(w.keys) x(lang text, key text)
                      WHERE coalesce(x.lang, '') = k.lang AND x.key = k.key
                        AND w.doc ->> 'country' = k.country);
    INSERT INTO spean.company_key
    SELECT DISTINCT w.id, coalesce(x.lang, ''), w.doc ->> 'country', x.key
    FROM jsonb_populate_recordset(NULL::spean.company_input, p_writes) w,
         LATERAL jsonb_to_recordset(w.keys) x(lang text, key text)
    WHERE x.key <> ''
      AND NOT EXISTS (SELECT FROM spean.company_key k
                      WHERE k.company_id = w.id AND k.lang = coalesce(x.lang, '')
                        AND k.key = x.key);
END;
$$;

-- Keeps the key for this write: true; or false when it is kept from an earlier one. Waits for a
-- twin that is being written at this moment.
CREATE FUNCTION spean.idempotency_take(p_principal text, p_key text, p_digest text, p_answer text,
                                       p_keep_ms bigint) RETURNS boolean
    LANGUAGE plpgsql
AS $$
DECLARE
    fresh boolean;
BEGIN
    INSERT INTO spean.idempotency AS i (principal, key, digest, answer, expires_at)
    VALUES (p_principal, p_key, coalesce(p_digest, ''), p_answer,
            now() + p_keep_ms * interval '1 millisecond')
    ON CONFLICT (principal, key) DO UPDATE
    SET digest = excluded.digest, answer = excluded.answer, seq = NULL,
        expires_at = excluded.expires_at
    WHERE i.expires_at <= now()
    RETURNING true INTO fresh;
    -- Each new key takes a few expired ones away, so the table never needs a sweep.
    DELETE FROM spean.idempotency
    WHERE (principal, key) IN (SELECT i.principal, i.key FROM spean.idempotency i
                               WHERE i.expires_at <= now()
                               ORDER BY i.expires_at LIMIT 10
                               FOR UPDATE SKIP LOCKED);
    RETURN fresh IS TRUE;
END;
$$;

-- The one way in. See STMT_COMPANY_WRITE.
CREATE FUNCTION spean.company_write(p_writes jsonb, p_origin text, p_key text, p_digest text,
                                    p_answer text, p_keep_ms bigint, p_format integer, p_model text)
    RETURNS TABLE (seq bigint, at_ms bigint, replay boolean, kept_digest text, kept_answer text,
                   kept_seq bigint)
    LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := date_trunc('milliseconds', clock_timestamp());
    amount integer := jsonb_array_length(p_writes);
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
        PERFORM spean.company_lock(p_writes);
        PERFORM spean.company_store(p_writes, moment, p_format, p_model);
        PERFORM spean.company_link(p_writes);
        -- From here to the commit no other writer passes: seq is in commit order.
        UPDATE spean.feed f SET seq = f.seq + amount RETURNING f.seq INTO last;
        INSERT INTO spean.change
        SELECT last - amount + w.n, (w.value ->> 'id')::uuid, w.value ->> 'type',
               (w.value ->> 'expect')::bigint + 1,
               coalesce(w.value #> '{doc,external_ids}', '[]'), p_origin, moment
        FROM jsonb_array_elements(p_writes) WITH ORDINALITY w(value, n);
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

-- Tokens: each change moves token_version, so that every daemon reads the table again.
CREATE FUNCTION spean.token_moved() RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE spean.feed SET token_version = token_version + 1;
    PERFORM pg_notify('spean_changes', 'tokens');
END;
$$;

CREATE FUNCTION spean.token_create(p_id text, p_name text, p_role text, p_digest text,
                                   p_expires_ms bigint, p_by text, p_created_ms bigint)
    RETURNS TABLE (id text)
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO spean.token (id, name, role, digest, created_at, created_by, expires_at)
    VALUES (p_id, p_name, p_role, p_digest, spean.from_epoch_ms(p_created_ms), p_by,
            spean.from_epoch_ms(p_expires_ms));
    PERFORM spean.token_moved();
    RETURN QUERY SELECT p_id;
END;
$$;

-- found: there is such a token. To revoke it again changes nothing.
CREATE FUNCTION spean.token_revoke(p_id text) RETURNS TABLE (found boolean)
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE spean.token t SET revoked_at = now() WHERE t.id = p_id AND t.revoked_at IS NULL;
    IF FOUND THEN
        PERFORM spean.token_moved();
    END IF;
    RETURN QUERY SELECT EXISTS (SELECT FROM spean.token t WHERE t.id = p_id);
END;
$$;

-- The counter has gone back behind seq: the history after it is lost (a restore, a fail-over to a
-- standby that lagged). A new epoch tells every cursor. Several daemons may say so; it moves once.
CREATE FUNCTION spean.feed_rewound(p_epoch uuid, p_seq bigint) RETURNS TABLE (epoch uuid)
    LANGUAGE sql
AS $$
    UPDATE spean.feed f SET epoch = gen_random_uuid() WHERE f.epoch = p_epoch AND f.seq < p_seq;
    SELECT f.epoch FROM spean.feed f;
$$;
