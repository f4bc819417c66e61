-- What SQL scores: the profiles of spean.company, unfolded (tests/bench/peer_fill.c). Everything
-- that repeats is kept once: a shape is a need, a content is all that a company says of its trade,
-- a tongue is a list of languages and whether French is at home there.
DROP SCHEMA IF EXISTS peer CASCADE;
CREATE SCHEMA peer;

CREATE UNLOGGED TABLE peer.shape (
    id integer NOT NULL,
    role integer NOT NULL,          -- 0..7 offers, 8..15 seeks, by kind
    sector integer NOT NULL,
    core integer[] NOT NULL,
    core_weight integer[] NOT NULL,
    named integer[] NOT NULL,
    topics integer[] NOT NULL,
    hs integer[] NOT NULL,          -- how many digits, then the digits, filled up to six
    specific integer NOT NULL
);
CREATE UNLOGGED TABLE peer.content (
    id integer NOT NULL,
    country text COLLATE "C" NOT NULL,
    vague boolean NOT NULL,
    sectors integer[] NOT NULL,
    described integer[] NOT NULL,
    offers integer NOT NULL,        -- how many of the shapes are offers; they stand first
    shapes integer[] NOT NULL
);
CREATE UNLOGGED TABLE peer.tongue (
    id integer NOT NULL,
    french boolean NOT NULL,
    codes text[] COLLATE "C" NOT NULL,
    levels integer[] NOT NULL
);
CREATE UNLOGGED TABLE peer.company (
    id uuid NOT NULL,
    country text COLLATE "C" NOT NULL,
    live boolean NOT NULL,
    valid_until integer NOT NULL,   -- days since 1970
    content integer NOT NULL,
    tongue integer NOT NULL,
    employees integer,
    exports integer NOT NULL,       -- 4 anywhere, 8 to Cambodia, 16 to Canada
    verified integer,
    held bigint NOT NULL,
    asked bigint NOT NULL
);
