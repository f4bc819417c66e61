-- Erasing a company, and an audit of who read contacts, erased companies and changed tokens.

-- A daemon of before would read contacts without a trace, and calls functions that are gone.
UPDATE spean.schema_version SET oldest_daemon = 4;

-- The tombstone's type; nothing ever wrote 'deleted'.
ALTER TABLE spean.change DROP CONSTRAINT change_type_check;
ALTER TABLE spean.change ADD CONSTRAINT change_type_check
    CHECK (type IN ('created', 'updated', 'archived', 'confirmed', 'erased'));
-- Erasing looks for a company's earlier changes.
CREATE INDEX change_company ON spean.change (company_id);

-- Who did what that has to be accounted for. company_id and token_id are of what it was done to, and
-- no references: the rows outlive it. request is the request_id of the daemon's log.
CREATE TABLE spean.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
    action text COLLATE "C" NOT NULL
        CHECK (action IN ('contacts_read', 'company_erased', 'token_created', 'token_revoked')),
    principal text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    company_id uuid,
    token_id text COLLATE "C",
    request text COLLATE "C" NOT NULL,
    CHECK ((company_id IS NULL) <> (token_id IS NULL))
);
CREATE INDEX audit_at ON spean.audit (at);
CREATE INDEX audit_company ON spean.audit (company_id, id) WHERE company_id IS NOT NULL;
CREATE INDEX audit_principal ON spean.audit (principal, id);

-- Rows are only ever added. A superuser or the table's owner can take the trigger off, which leaves
-- its own trace in the server's log of DDL; nobody changes a row by the way.
CREATE FUNCTION spean.audit_keep() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    RAISE SQLSTATE '42501' USING MESSAGE = 'the audit is append-only';
END;
$$;
CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON spean.audit
    FOR EACH STATEMENT EXECUTE FUNCTION spean.audit_keep();
ALTER TABLE spean.audit ENABLE ALWAYS TRIGGER audit_keep;

-- See STMT_COMPANY_READ. The row of the audit and the rows given are one statement: whoever sees
-- contacts when it is committed is in the audit.
CREATE FUNCTION spean.company_read(p_id uuid, p_system text, p_external text, p_principal text,
                                   p_role text, p_request text)
    RETURNS TABLE (id uuid, version bigint, doc jsonb, updated_ms bigint)
    LANGUAGE sql
AS $$
    WITH led AS MATERIALIZED (
        SELECT c.id, c.version, c.doc, c.updated_at, k.contacts
        FROM spean.company c
        LEFT JOIN spean.company_contact k ON k.company_id = c.id
        WHERE c.id = coalesce(p_id, (SELECT e.company_id FROM spean.company_external e
                                     WHERE e.system = p_system AND e.id = p_external))
    ), noted AS (
        INSERT INTO spean.audit (action, principal, role, company_id, request)
        SELECT 'contacts_read', p_principal, p_role, l.id, p_request
        FROM led l
        WHERE l.contacts <> '[]'
    )
    SELECT l.id, l.version, l.doc || jsonb_build_object('contacts', coalesce(l.contacts, '[]')),
           spean.epoch_ms(l.updated_at)
    FROM led l;
$$;

-- See STMT_COMPANY_ERASE. What stays is the tombstone in the change feed, the changes of before
-- without the company's ids in other systems, and the audit.
CREATE FUNCTION spean.company_erase(p_id uuid, p_principal text, p_role text, p_request text)
    RETURNS TABLE (seq bigint)
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := date_trunc('milliseconds', clock_timestamp());
    held bigint;
    last bigint;
BEGIN
    -- Contacts, search keys and external ids go with it.
    DELETE FROM spean.company c WHERE c.id = p_id RETURNING c.version INTO held;
    IF NOT FOUND THEN -- erased before, or never there
        RETURN QUERY
        SELECT c.seq FROM spean.change c WHERE c.company_id = p_id AND c.type = 'erased'
        ORDER BY c.seq DESC LIMIT 1;
        RETURN;
    END IF;
    UPDATE spean.change c SET externals = '[]'
    WHERE c.company_id = p_id AND c.externals <> '[]';
    -- Kept answers hold ids and versions, their digests are made of what was sent. The keys stay,
    -- so that a write that is sent again brings nothing back.
    UPDATE spean.idempotency i SET digest = '', answer = NULL
    WHERE position(p_id::text IN i.answer) > 0 AND i.expires_at > now();
    DELETE FROM spean.idempotency i
    WHERE (i.principal, i.key) IN (SELECT x.principal, x.key FROM spean.idempotency x
                                   WHERE position(p_id::text IN x.answer) > 0
                                   FOR UPDATE SKIP LOCKED);
    INSERT INTO spean.audit (at, action, principal, role, company_id, request)
    VALUES (moment, 'company_erased', p_principal, p_role, p_id, p_request);
    -- From here to the commit no other writer passes: seq is in commit order.
    UPDATE spean.feed f SET seq = f.seq + 1 RETURNING f.seq INTO last;
    INSERT INTO spean.change (seq, company_id, type, version, externals, origin, at)
    VALUES (last, p_id, 'erased', held + 1, '[]', p_principal, moment);
    PERFORM pg_notify('spean_changes', last::text);
    RETURN QUERY SELECT last;
EXCEPTION
    WHEN deadlock_detected OR serialization_failure THEN
        RAISE SQLSTATE 'SP001' USING MESSAGE = SQLERRM;
END;
$$;

-- Tokens, now with a trace of who made and revoked them.
DROP FUNCTION spean.token_create(text, text, text, text, bigint, text, bigint);
CREATE FUNCTION spean.token_create(p_id text, p_name text, p_role text, p_digest text,
                                   p_expires_ms bigint, p_by text, p_created_ms bigint,
                                   p_by_role text, p_request text)
    RETURNS TABLE (id text)
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO spean.token (id, name, role, digest, created_at, created_by, expires_at)
    VALUES (p_id, p_name, p_role, p_digest, spean.from_epoch_ms(p_created_ms), p_by,
            spean.from_epoch_ms(p_expires_ms));
    INSERT INTO spean.audit (action, principal, role, token_id, request)
    VALUES ('token_created', p_by, p_by_role, p_id, p_request);
    PERFORM spean.token_moved();
    RETURN QUERY SELECT p_id;
END;
$$;

DROP FUNCTION spean.token_revoke(text);
CREATE FUNCTION spean.token_revoke(p_id text, p_by text, p_by_role text, p_request text)
    RETURNS TABLE (found boolean)
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE spean.token t SET revoked_at = now() WHERE t.id = p_id AND t.revoked_at IS NULL;
    IF FOUND THEN
        INSERT INTO spean.audit (action, principal, role, token_id, request)
        VALUES ('token_revoked', p_by, p_by_role, p_id, p_request);
        PERFORM spean.token_moved();
    END IF;
    RETURN QUERY SELECT EXISTS (SELECT FROM spean.token t WHERE t.id = p_id);
END;
$$;

-- See STMT_AUDIT_LIST. Planned anew each time, as spean.company_list is.
CREATE FUNCTION spean.audit_list(p_before bigint, p_action text, p_company uuid, p_principal text,
                                 p_since_ms bigint, p_limit integer)
    RETURNS TABLE (id bigint, at_ms bigint, action text, principal text, role text,
                   company_id uuid, token_id text, request text)
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT a.id, spean.epoch_ms(a.at), a.action, a.principal, a.role, a.company_id, a.token_id,
           a.request
    FROM spean.audit a
    WHERE (p_before IS NULL OR a.id < p_before)
      AND (p_action IS NULL OR a.action = p_action)
      AND (p_company IS NULL OR a.company_id = p_company)
      AND (p_principal IS NULL OR a.principal = p_principal)
      AND (p_since_ms IS NULL OR a.at >= spean.from_epoch_ms(p_since_ms))
    ORDER BY a.id DESC
    LIMIT p_limit;
END;
$$;
