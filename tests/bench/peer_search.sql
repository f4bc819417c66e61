-- The best exact answer in SQL: branch and bound over contents. The query's strengths to the few
-- thousand shapes come first; they bound what any content can reach. Contents whose bound is below
-- the k-th score found so far are never looked at; the others' companies are scored in the order of
-- their bounds, until no bound is left that could still change the answer.

-- What each feature of the other country may bring to the company asked about: ua, ub: at most that
-- much to a need of a's and to one of theirs; sec: to the sector factor.
CREATE TYPE peer.hot AS (feature integer, ua integer, ub integer, sec integer);

CREATE FUNCTION peer.hot_features(ac peer.content, ax peer.shape[], other text)
    RETURNS SETOF peer.hot
    LANGUAGE plpgsql STABLE SET jit = off SET work_mem = '64MB' SET enable_seqscan = off
        SET enable_mergejoin = off SET random_page_cost = 1
AS $$
BEGIN
    RETURN QUERY
    WITH x AS (
        SELECT i, ax[i].role AS role, ax[i].core || ax[i].named AS sectors,
               ax[i].specific AS specific
        FROM generate_subscripts(ax, 1) i
    ), found AS ( -- with a bound: no text and no HS code makes up for a far sector
        SELECT x.i, r.shape,
               max(m.meets * n.close / 1000) * max(r.specific) / 1000
                   * max(x.specific) / 1000 + 3 AS bound -- divided in another order
        FROM x
        JOIN peer.meeting m ON m.x = x.role
        CROSS JOIN LATERAL unnest(x.sectors) xs(sector)
        JOIN peer.near n ON n.x = xs.sector
        JOIN peer.reach r ON r.country = other AND r.role = m.y AND r.sector = n.y
        WHERE NOT (x.role IN (3, 11) AND m.y = (x.role + 8) % 16)
        GROUP BY x.i, r.shape
        UNION ALL -- capital may be for any field
        SELECT DISTINCT x.i, r.shape, 1000
        FROM x
        JOIN peer.reach r ON r.country = other AND r.role = (x.role + 8) % 16
        WHERE x.role IN (3, 11)
    ), met AS ( -- the weak keep their bounds
        SELECT s.id AS feature, ax[f.i].role AS rx, s.role AS ry,
               CASE WHEN f.bound < 400 THEN f.bound ELSE peer.strength(ax[f.i], s) END AS v
        FROM found f
        JOIN peer.shape s ON s.id = f.shape
    ), own AS ( -- their searches in a's field, and their offers that name it
        SELECT r.shape AS feature, peer.close(s.core[1], t.t) AS c, s, t.t
        FROM (SELECT DISTINCT r.shape, t.t
              FROM unnest(ac.sectors) t(t)
              JOIN peer.near n ON n.x = t.t
              JOIN peer.reach r ON r.country = other AND r.sector = n.y) r
        JOIN peer.shape s ON s.id = r.shape
        CROSS JOIN LATERAL (SELECT r.t) t
    ), every AS (
        SELECT m.feature, CASE WHEN rx < 8 THEN v * @need.wish@ / 1000 ELSE v END AS ua,
               CASE WHEN ry < 8 THEN v * @need.wish@ / 1000 ELSE v END AS ub, 0 AS sec
        FROM met m
        WHERE v > 0
        UNION ALL
        SELECT o.feature, g.v * @need.wish@ / 1000, g.v, o.c * @sector.sought@ / 100
        FROM own o
        CROSS JOIN LATERAL (SELECT o.c * peer.own_weight((o.s).role - 8) / 1000
                                   * (o.s).specific / 1000 AS v) g
        WHERE (o.s).role >= 8
        UNION ALL
        SELECT o.feature, g.v, g.v, 0
        FROM own o
        CROSS JOIN LATERAL (SELECT peer.serve_weight(o.s, o.t) * (o.s).specific / 1000 AS v) g
        WHERE (o.s).role < 8 AND g.v > 0
        UNION ALL -- what binds a to a sector of theirs
        SELECT 1000000 + t, greatest(o.v, p.v, d.v), greatest(o.v, p.v, d.v),
               greatest(o.sec, e.sec)
        FROM generate_series(1, 127) t
        CROSS JOIN LATERAL (
            SELECT coalesce(max(peer.close(ax[i].core[1], t) * peer.own_weight(ax[i].role - 8)
                                / 1000 * ax[i].specific / 1000), 0) AS v,
                   coalesce(max(peer.close(ax[i].core[1], t) * @sector.sought@ / 100), 0) AS sec
            FROM generate_series(ac.offers + 1, cardinality(ax)) i) o
        CROSS JOIN LATERAL (
            SELECT coalesce(max(peer.serve_weight(ax[i], t) * ax[i].specific / 1000), 0) AS v
            FROM generate_series(1, ac.offers) i) p
        CROSS JOIN LATERAL (
            SELECT CASE WHEN ac.offers > 0 AND t = ANY (ac.described) THEN @serve.described@
                   ELSE 0 END AS v) d
        CROSS JOIN LATERAL (
            SELECT coalesce(max(peer.close(s, t)
                                * CASE n WHEN 1 THEN @sector.main@ ELSE @sector.other@ END / 100),
                            0) AS sec
            FROM unnest(ac.sectors) WITH ORDINALITY u(s, n)) e
        UNION ALL
        SELECT 2000000 + t, @serve.described@, @serve.described@, 0 FROM unnest(ac.sectors) t
    )
    SELECT e.feature, max(e.ua), max(e.ub), max(e.sec)
    FROM every e
    WHERE e.ua > 0 OR e.ub > 0 OR e.sec > 0
    GROUP BY e.feature;
END;
$$;

-- No needs of two companies reach more, of which one has at most a needs met to at most ua each, the
-- other b to ub. (A function of plpgsql: the planner would not put one of SQL into place here, and
-- starting one takes longer than all this.)
CREATE FUNCTION peer.need_most(ua integer, a bigint, ub integer, b bigint) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    u float8 := ua / 1000.0::float8;
    v float8 := ub / 1000.0::float8;
    x float8 := (1 - u) * CASE WHEN a < 2 THEN 1 ELSE 1 - @need.next1@ * u / 1000 END
                * CASE WHEN a < 3 THEN 1 ELSE 1 - @need.next2@ * u / 1000 END
                * CASE WHEN a < 4 THEN 1 ELSE 1 - @need.next3@ * u / 1000 END;
    y float8 := (1 - v) * CASE WHEN b < 2 THEN 1 ELSE 1 - @need.next1@ * v / 1000 END
                * CASE WHEN b < 3 THEN 1 ELSE 1 - @need.next2@ * v / 1000 END
                * CASE WHEN b < 4 THEN 1 ELSE 1 - @need.next3@ * v / 1000 END;
BEGIN
    -- The score is cut off on its way, here and there upwards, by one in all.
    RETURN least(10000, 2 + ceil(10 * (@need.better@ * (1 - least(x, y))
                                       + (1000 - @need.better@) * (1 - greatest(x, y)))));
END;
$$;

CREATE FUNCTION peer.partners(q uuid, today integer, k integer, OUT id uuid, OUT total integer,
                              OUT looked integer, OUT scored integer)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE SET jit = off SET work_mem = '64MB' SET enable_seqscan = off
        SET enable_mergejoin = off SET random_page_cost = 1
AS $$
DECLARE
    a peer.company;
    ac peer.content;
    ax peer.shape[];
    other text;
    hot peer.hot[];
    strong integer[] := '{}'; -- contents with a feature of at least tau
    slots bigint;
    done integer[] := '{}';
    talks integer;      -- the best language there is to talk
    helps integer;      -- the best practical there is
    kth integer := 0;
    tau integer := 1001;
    best uuid[] := '{}';
    points integer[] := '{}';
    c record;
    bc peer.content;
    bx peer.shape[];
    raw integer[];
    t peer.trade;
    last_content integer;
    v integer;
    at integer;
BEGIN
    looked := 0;
    scored := 0;
    SELECT * INTO STRICT a FROM peer.company WHERE company.id = q;
    SELECT * INTO STRICT ac FROM peer.content WHERE content.id = a.content;
    ax := peer.shapes(ac.shapes);
    slots := cardinality(ax) + 1;
    other := CASE a.country WHEN 'KH' THEN 'CA' ELSE 'KH' END;
    hot := ARRAY(SELECT h FROM peer.hot_features(ac, ax, other) h);
    SELECT max(value) INTO talks FROM peer.talk WHERE asks = a.tongue;
    helps := peer.practical(a, ROW(NULL, other, true, 0, 0, 0, a.employees, 28, today,
                                   CASE a.asked WHEN 0 THEN 0 ELSE -1 END,
                                   a.held)::peer.company, today, NULL);
    LOOP
        -- Next: so few features, the strongest first, that some hundred contents have one.
        SELECT min(u) INTO tau
        FROM (SELECT u, sum(sum(f.contents)) OVER (ORDER BY u DESC) - sum(f.contents) AS before
              FROM (SELECT h.feature, greatest(h.ua, h.ub) AS u FROM unnest(hot) h) h
              JOIN peer.feature_count f ON f.country = other AND f.feature = h.feature
              WHERE u < tau
              GROUP BY u) x
        WHERE before < CASE WHEN kth = 0 THEN 300 ELSE 100000000 END
          AND peer.total(peer.need_most(u, slots, u, 4), 10000, talks, helps) >= kth;
        EXIT WHEN tau IS NULL;
        done := done || strong;
        strong := ARRAY(SELECT DISTINCT f.content
                        FROM unnest(ARRAY(SELECT h.feature FROM unnest(hot) h
                                          WHERE greatest(h.ua, h.ub) >= tau)) h(feature)
                        JOIN peer.feature f ON f.country = other AND f.feature = h.feature
                        WHERE f.content <> ALL (done));
        FOR c IN
            WITH h AS MATERIALIZED (
                SELECT h.* FROM unnest(hot) h
            ), bound AS MATERIALIZED (
                SELECT x.content,
                       peer.need_most(x.ua, slots, x.ub, x.n) AS need,
                       x.sec
                FROM (SELECT s.content, max(h.ua) AS ua, max(h.ub) AS ub, max(h.sec) AS sec,
                             count(*) FILTER (WHERE h.ub > 0) AS n
                      FROM unnest(strong) s(content)
                      JOIN peer.content ct ON ct.id = s.content
                      CROSS JOIN LATERAL (SELECT unnest(ct.shapes) AS feature
                                          UNION ALL SELECT 1000000 + unnest(ct.sectors)
                                          UNION ALL SELECT 2000000 + unnest(ct.described)) f
                      JOIN h ON h.feature = f.feature
                      GROUP BY s.content) x
            )
            SELECT l AS b, b.content, l.id, w.value AS language,
                   m.most
            FROM bound b
            JOIN peer.company l ON l.content = b.content
            JOIN peer.talk w ON w.asks = a.tongue AND w.answers = l.tongue
            CROSS JOIN LATERAL (
                SELECT peer.total(b.need, b.sec, w.value, peer.practical(a, l, today, NULL))
                    AS most) m
            WHERE peer.total(b.need, b.sec, talks, helps) >= kth AND m.most >= kth
              AND l.live AND l.valid_until >= today
            ORDER BY most DESC, l.id
        LOOP
            looked := looked + 1;
            EXIT WHEN c.most < kth;
            IF last_content IS DISTINCT FROM c.content THEN
                last_content := c.content;
                scored := scored + 1;
                SELECT ct.* INTO STRICT bc FROM peer.content ct WHERE ct.id = c.content;
                bx := peer.shapes(bc.shapes);
                raw := '{}';
                FOR i IN 1 .. cardinality(ax) LOOP
                    FOR j IN 1 .. cardinality(bx) LOOP
                        raw := raw || peer.strength(ax[i], bx[j]);
                    END LOOP;
                END LOOP;
                t := peer.trade(ac, ax, bc, bx, raw);
            END IF;
            v := peer.total(t.need, t.sector, c.language,
                            peer.practical(a, c.b, today, t.kinds));
            CONTINUE WHEN v = 0 OR (cardinality(best) = k AND
                                    (v < points[k] OR (v = points[k] AND c.id > best[k])));
            at := 1 + (SELECT count(*) FROM unnest(best, points) u(i, p)
                       WHERE p > v OR (p = v AND i < c.id));
            best := (best[:at - 1] || c.id || best[at:])[:k];
            points := (points[:at - 1] || v || points[at:])[:k];
            IF cardinality(best) = k THEN
                kth := points[k];
            END IF;
        END LOOP;
    END LOOP;
    FOR i IN 1 .. cardinality(best) LOOP
        id := best[i];
        total := points[i];
        RETURN NEXT;
    END LOOP;
END;
$$;
