-- Tables. Everything of Spean lives in the schema `spean`, the trigram extension too unless the
-- database has it already. Names are always qualified, so no session depends on its search_path.

CREATE SCHEMA IF NOT EXISTS spean;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA spean;

-- The operator class of the trigram index is found whatever schema the extension is in.
SELECT set_config('search_path', format('spean, %I, public', n.nspname), true)
FROM pg_extension x
JOIN pg_namespace n ON n.oid = x.extnamespace
WHERE x.extname = 'pg_trgm';

-- One row. version: the last migration applied. oldest_daemon: the lowest version that a daemon may
-- have been built for and still work on this schema; a migration that breaks older ones raises it.
CREATE TABLE spean.schema_version (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    oldest_daemon integer NOT NULL
);
INSERT INTO spean.schema_version (version, oldest_daemon) VALUES (0, 3);

-- A company. `doc` is the whole profile but its contacts and what the server sets; the columns
-- beside it are copies that lists filter by. `packed` is what the index of the daemons is made of.
CREATE TABLE spean.company (
    id uuid PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    country text COLLATE "C" NOT NULL,
    name text NOT NULL,
    region text COLLATE "C",
    city text,
    status text COLLATE "C" NOT NULL,
    sectors text[] COLLATE "C" NOT NULL,
    -- the sectors and the groups they are in, so that asking for a group finds its leaves
    sector_terms text[] COLLATE "C" NOT NULL,
    valid_until date,
    verified date,
    updated_at timestamptz NOT NULL,
    doc jsonb NOT NULL,
    packed bytea NOT NULL,
    pack_format integer NOT NULL,
    pack_model text COLLATE "C" NOT NULL
);
-- Packed profiles are small and read in bulk: uncompressed, so that a load costs no inflating.
ALTER TABLE spean.company ALTER COLUMN packed SET STORAGE EXTERNAL;
-- Lists go by id, so each filter leads to its companies in that order.
CREATE INDEX company_country ON spean.company (country, id);
CREATE INDEX company_region ON spean.company (region, id);
CREATE INDEX company_status ON spean.company (status, id);
CREATE INDEX company_updated ON spean.company (updated_at);
CREATE INDEX company_sector ON spean.company USING gin (sector_terms);

-- Ids in other systems: each belongs to one company.
CREATE TABLE spean.company_external (
    system text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    company_id uuid NOT NULL REFERENCES spean.company ON DELETE CASCADE,
    PRIMARY KEY (system, id)
);
CREATE INDEX company_external_company ON spean.company_external (company_id);

-- Personal data, apart from the rest, so that it can be guarded, counted and erased apart.
CREATE TABLE spean.company_contact (
    company_id uuid PRIMARY KEY REFERENCES spean.company ON DELETE CASCADE,
    contacts jsonb NOT NULL
);

-- Search keys of every name of a company. country is a copy, to filter before counting.
CREATE TABLE spean.company_key (
    company_id uuid NOT NULL REFERENCES spean.company ON DELETE CASCADE,
    lang text COLLATE "C" NOT NULL,
    country text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL
);
CREATE INDEX company_key_company ON spean.company_key (company_id);
CREATE INDEX company_key_trigram ON spean.company_key USING gin (key gin_trgm_ops);
-- Cut, because an entry of a B-tree has a limit and a folded name has none.
CREATE INDEX company_key_prefix ON spean.company_key (left(key, 100) text_pattern_ops);

-- What happened, in commit order without gaps: seq comes from spean.feed.
CREATE TABLE spean.change (
    seq bigint PRIMARY KEY,
    company_id uuid NOT NULL,
    type text COLLATE "C" NOT NULL
        CHECK (type IN ('created', 'updated', 'archived', 'confirmed', 'deleted')),
    version bigint NOT NULL,
    externals jsonb NOT NULL,
    origin text NOT NULL,
    at timestamptz NOT NULL
);

-- One row: the counter that every write takes as its last act, so that the order of seq is the
-- order of the commits. epoch names this history of changes: cursors carry it. token_version moves
-- when a token is made or revoked. The free space keeps its updates on one page.
CREATE TABLE spean.feed (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    token_version bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO spean.feed (epoch, seq, token_version) VALUES (gen_random_uuid(), 0, 0);

-- Answers kept for writes that are sent again.
CREATE TABLE spean.idempotency (
    principal text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    answer text,
    seq bigint,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_expires ON spean.idempotency (expires_at);

-- Access tokens: only their digests.
CREATE TABLE spean.token (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    role text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
