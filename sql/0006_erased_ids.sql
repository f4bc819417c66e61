-- An erased company stays erased: no other one gets its id. Only an admin who brings ids in could make
-- one (and an older daemon, which tries again until it gives up).

-- The tombstones alone, which are few.
CREATE INDEX change_erased ON spean.change (company_id) WHERE type = 'erased';

-- See STMT_COMPANY_ERASED.
CREATE FUNCTION spean.company_erased(p_refs jsonb) RETURNS TABLE (id uuid)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT c.company_id
    FROM jsonb_array_elements(p_refs) r(ref)
    JOIN spean.change c ON c.company_id = (r.ref ->> 'id')::uuid AND c.type = 'erased';
END;
$$;

-- Whoever writes. Two writes of one id wait for each other at the primary key, so that the tombstone of
-- an erasure that came between the look above and the write is seen here, after it. By row: to keep
-- the new rows of a statement for one look would cost a load of millions more.
CREATE FUNCTION spean.company_new() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_seqscan = off
AS $$
BEGIN
    IF EXISTS (SELECT FROM spean.change c WHERE c.company_id = NEW.id AND c.type = 'erased') THEN
        RAISE SQLSTATE 'SP001' USING MESSAGE = 'a company with this id has been erased';
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER company_new AFTER INSERT ON spean.company
    FOR EACH ROW EXECUTE FUNCTION spean.company_new();
