-- What the best exact SQL looks things up in. A feature of a content is what may bind it to others:
-- one of its shapes, one of its sectors (1000000 + sector), one its description names (2000000 +
-- sector). All of this follows from the profiles and is kept as they are: one row for each.
CREATE TABLE peer.near AS
SELECT x, y, peer.close(x, y) AS close
FROM generate_series(1, 127) x, generate_series(1, 127) y
WHERE peer.close(x, y) > 0;
CREATE INDEX ON peer.near (x) INCLUDE (y, close);

CREATE TABLE peer.meeting AS
SELECT x, y, peer.meets(x, y) AS meets
FROM generate_series(0, 15) x, generate_series(0, 15) y
WHERE peer.meets(x, y) > 0;

ALTER TABLE peer.shape ADD PRIMARY KEY (id);
ALTER TABLE peer.content ADD PRIMARY KEY (id);
ALTER TABLE peer.tongue ADD PRIMARY KEY (id);
ALTER TABLE peer.company ADD PRIMARY KEY (id);

-- Companies of one content beside each other.
CREATE INDEX company_content ON peer.company (content);
CLUSTER peer.company USING company_content;

CREATE TABLE peer.feature AS
WITH c AS MATERIALIZED (
    SELECT c.* FROM peer.content c WHERE c.id IN (SELECT content FROM peer.company WHERE live)
)
SELECT country, unnest(shapes) AS feature, id AS content FROM c
UNION SELECT country, 1000000 + unnest(sectors), id FROM c
UNION SELECT country, 2000000 + unnest(described), id FROM c
ORDER BY 1, 2, 3;
ALTER TABLE peer.feature ADD PRIMARY KEY (country, feature, content);

CREATE TABLE peer.feature_count AS
SELECT country, feature, count(*) AS contents FROM peer.feature GROUP BY 1, 2;
ALTER TABLE peer.feature_count ADD PRIMARY KEY (country, feature);

-- The sectors that lead to a shape, in each country.
CREATE TABLE peer.reach AS
SELECT f.country, s.role, r.sector, s.id AS shape, s.specific
FROM peer.shape s
JOIN peer.feature_count f ON f.feature = s.id,
     LATERAL (SELECT DISTINCT unnest(s.core || s.named) AS sector) r
ORDER BY 1, 2, 3, 4;
CREATE INDEX ON peer.reach (country, role, sector) INCLUDE (shape, specific);

-- Every list of languages of one country beside every one of the other.
CREATE TABLE peer.talk AS
WITH t AS (SELECT DISTINCT country, tongue FROM peer.company WHERE live)
SELECT DISTINCT a.tongue AS asks, b.tongue AS answers, peer.language(x, y) AS value
FROM t a
JOIN t b ON a.country <> b.country
JOIN peer.tongue x ON x.id = a.tongue
JOIN peer.tongue y ON y.id = b.tongue;
ALTER TABLE peer.talk ADD PRIMARY KEY (asks, answers);

VACUUM (ANALYZE) peer.near, peer.meeting, peer.shape, peer.content, peer.tongue, peer.company,
    peer.feature, peer.feature_count, peer.reach, peer.talk;
