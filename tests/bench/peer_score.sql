-- The score in SQL, point for point that of daemon/match. @name@ is the number of that name in
-- conf/model/weights.tsv. Whole numbers throughout; integer division cuts off, as in C.

-- What two needs have in common: need_content of daemon/match/need.c, times how far their roles
-- meet. 0..1000.
CREATE FUNCTION peer.strength(x peer.shape, y peer.shape) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    r integer := peer.meets(x.role, y.role);
    capital boolean := x.role % 8 = 3 AND y.role % 8 = 3;
    best integer := 0;
    one integer := 0;
    two integer := 0;
    shared integer := 0;
    factor integer;
    c integer;
    n integer;
    whole boolean := false;
    sx integer;
    sy integer;
BEGIN
    IF r = 0 THEN
        RETURN 0;
    END IF;
    FOR i IN 1 .. cardinality(x.core) LOOP
        sx := x.core[i];
        FOR k IN 1 .. cardinality(y.core) LOOP
            sy := y.core[k];
            c := peer.close(sx, sy);
            IF capital THEN
                IF sx <> sy AND peer.sector_group(sx) = peer.sector_group(sy)
                   AND (peer.sector_group(sx) = sx OR peer.sector_group(sy) = sy) THEN
                    c := greatest(c, @close.group-capital@);
                END IF;
                IF peer.sector_finance(CASE WHEN x.role < 8 THEN x.sector ELSE y.sector END) = 1 THEN
                    c := greatest(c, @close.finance@);
                END IF;
            END IF;
            best := greatest(best, c * (x.core_weight[i] * y.core_weight[k]) / 1000000);
        END LOOP;
    END LOOP;
    IF cardinality(x.named) > 0 OR cardinality(y.named) > 0 THEN
        FOREACH sx IN ARRAY x.named LOOP
            one := greatest(one, peer.close(sx, y.sector));
            FOREACH sy IN ARRAY y.named LOOP
                two := greatest(two, peer.close(sx, sy));
            END LOOP;
        END LOOP;
        FOREACH sy IN ARRAY y.named LOOP
            one := greatest(one, peer.close(x.sector, sy));
        END LOOP;
    END IF;
    IF cardinality(x.topics) > 0 AND cardinality(y.topics) > 0 THEN
        FOREACH n IN ARRAY x.topics LOOP
            IF n = ANY (y.topics) THEN
                shared := shared + 1;
            END IF;
        END LOOP;
        factor := CASE shared WHEN 0 THEN @fit.topic-none@ WHEN 1 THEN @fit.topic1@
                  ELSE @fit.topic2@ END;
    ELSE
        factor := @fit.topic-silent@;
    END IF;
    best := greatest(best, CASE WHEN shared = 0 THEN greatest(one, two) * @fit.text-loose@ / 1000
                           ELSE greatest(one * @fit.text@ / 1000, two * @fit.text-both@ / 1000) END);
    IF best = 0 THEN
        RETURN 0;
    END IF;
    best := best * factor / 1000;
    IF cardinality(x.hs) > 0 AND cardinality(y.hs) > 0 THEN
        n := 0;
        FOREACH sx IN ARRAY x.hs LOOP
            FOREACH sy IN ARRAY y.hs LOOP
                c := least(sx / 1000000, sy / 1000000);
                IF c = 6 AND sx % 1000000 <> sy % 1000000 THEN
                    c := 4;
                END IF;
                IF c = 4 AND sx % 1000000 / 100 <> sy % 1000000 / 100 THEN
                    c := 2;
                END IF;
                IF c = 2 AND sx % 1000000 / 10000 <> sy % 1000000 / 10000 THEN
                    c := 0;
                END IF;
                n := greatest(n, c);
                whole := whole OR (c = 4 AND (sx < 6000000 OR sy < 6000000));
            END LOOP;
        END LOOP;
        best := best * CASE WHEN n = 6 OR whole THEN @fit.hs6@ WHEN n = 4 THEN @fit.hs4@
                            WHEN n = 2 THEN @fit.hs2@ ELSE @fit.hs-none@ END / 1000;
    ELSIF cardinality(x.hs) > 0 OR cardinality(y.hs) > 0 THEN
        best := best * @fit.hs-silent@ / 1000;
    END IF;
    best := best * (x.specific * y.specific) / 1000000;
    RETURN CASE WHEN best >= @fit.least@ THEN r * best / 1000 ELSE 0 END;
END;
$$;

-- True if one of the sectors is a field of the company whose sectors are own.
CREATE FUNCTION peer.field_of(own integer[], sectors integer[]) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    s integer;
    t integer;
BEGIN
    FOREACH s IN ARRAY own LOOP
        FOREACH t IN ARRAY sectors LOOP
            IF peer.close(s, t) >= @close.field@ THEN
                RETURN true;
            END IF;
        END LOOP;
    END LOOP;
    RETURN false;
END;
$$;

-- Several needs met, the best first: combine of need.c.
CREATE FUNCTION peer.combine(v integer[]) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    t1 integer := 0;
    t2 integer := 0;
    t3 integer := 0;
    t4 integer := 0;
    s integer;
    missing bigint;
BEGIN
    FOREACH s IN ARRAY v LOOP
        IF s > t1 THEN
            t4 := t3; t3 := t2; t2 := t1; t1 := s;
        ELSIF s > t2 THEN
            t4 := t3; t3 := t2; t2 := s;
        ELSIF s > t3 THEN
            t4 := t3; t3 := s;
        ELSIF s > t4 THEN
            t4 := s;
        END IF;
    END LOOP;
    missing := 10000000::bigint * (1000000 - 1000::bigint * t1) / 1000000;
    missing := missing * (1000000 - @need.next1@ * t2) / 1000000;
    missing := missing * (1000000 - @need.next2@ * t3) / 1000000;
    missing := missing * (1000000 - @need.next3@ * t4) / 1000000;
    RETURN (10000 - missing / 1000)::integer;
END;
$$;

CREATE FUNCTION peer.own_weight(kind integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE kind WHEN 0 THEN @own.goods@ WHEN 1 THEN @own.services@ WHEN 2 THEN @own.technology@
           WHEN 4 THEN @own.training@ WHEN 6 THEN @own.joint-venture@ ELSE 0 END;

-- What an offer is made for: serve_weight of need.c.
CREATE FUNCTION peer.serve_weight(n peer.shape, s integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN n.role = 5 THEN 0 WHEN s = ANY (n.named) THEN @serve.offer@
           WHEN n.role = 3 AND (n.sector = s OR n.sector = peer.sector_group(s))
           THEN @serve.capital@ ELSE 0 END;

CREATE TYPE peer.trade AS (need integer, kinds integer, sector integer);

-- Need, kinds of the needs that meet, and sector of two contents, whose shapes are given in the
-- order of theirs; raw: strength of a's need i and b's need k at (i - 1) * b's needs + k.
CREATE FUNCTION peer.trade(a peer.content, ax peer.shape[], b peer.content, bx peer.shape[],
                           raw integer[]) RETURNS peer.trade
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    na integer := cardinality(ax);
    nb integer := cardinality(bx);
    of_a integer[] := array_fill(0, ARRAY[na + 1]);
    of_b integer[] := array_fill(0, ARRAY[nb + 1]);
    same boolean := peer.field_of(a.sectors, b.sectors);
    a_knows boolean;
    b_knows boolean;
    x peer.shape;
    y peer.shape;
    i integer;
    k integer;
    s integer;
    c integer;
    w integer;
    best integer := 0;
    vague integer := CASE WHEN a.vague OR b.vague THEN @fit.vague-company@ ELSE 1000 END;
    ret peer.trade;
BEGIN
    ret.kinds := 0;
    a_knows := same OR peer.field_of(b.sectors, a.described);
    b_knows := same OR peer.field_of(a.sectors, b.described);
    FOR i IN 1 .. na LOOP
        x := ax[i];
        FOR k IN 1 .. nb LOOP
            s := raw[(i - 1) * nb + k];
            CONTINUE WHEN s = 0;
            y := bx[k];
            IF NOT (same OR (x.role < 8 AND (a_knows OR peer.field_of(b.sectors, x.named)))
                    OR (y.role < 8 AND (b_knows OR peer.field_of(a.sectors, y.named)))) THEN
                s := s * @fit.field-strange@ / 1000;
                CONTINUE WHEN s = 0;
            END IF;
            of_a[i] := greatest(of_a[i], CASE WHEN x.role < 8 THEN s * @need.wish@ / 1000 ELSE s END);
            of_b[k] := greatest(of_b[k], CASE WHEN y.role < 8 THEN s * @need.wish@ / 1000 ELSE s END);
            ret.kinds := ret.kinds | (1 << (x.role % 8)) | (1 << (y.role % 8));
        END LOOP;
    END LOOP;
    -- Searches in the other's own field, and sectors sought.
    FOR i IN a.offers + 1 .. na LOOP
        x := ax[i];
        w := peer.own_weight(x.role - 8);
        FOREACH s IN ARRAY b.sectors LOOP
            c := peer.close(x.core[1], s);
            best := greatest(best, c * @sector.sought@ / 100);
            c := c * w / 1000 * x.specific / 1000;
            c := CASE WHEN b.vague THEN c * @fit.vague-company@ / 1000 ELSE c END;
            CONTINUE WHEN c < @fit.least@ OR w = 0;
            of_a[i] := greatest(of_a[i], c);
            of_b[nb + 1] := greatest(of_b[nb + 1], c * @need.wish@ / 1000);
            ret.kinds := ret.kinds | (1 << (x.role % 8));
        END LOOP;
    END LOOP;
    FOR k IN b.offers + 1 .. nb LOOP
        y := bx[k];
        w := peer.own_weight(y.role - 8);
        FOREACH s IN ARRAY a.sectors LOOP
            c := peer.close(y.core[1], s);
            best := greatest(best, c * @sector.sought@ / 100);
            c := c * w / 1000 * y.specific / 1000;
            c := CASE WHEN a.vague THEN c * @fit.vague-company@ / 1000 ELSE c END;
            CONTINUE WHEN c < @fit.least@ OR w = 0;
            of_b[k] := greatest(of_b[k], c);
            of_a[na + 1] := greatest(of_a[na + 1], c * @need.wish@ / 1000);
            ret.kinds := ret.kinds | (1 << (y.role % 8));
        END LOOP;
    END LOOP;
    -- Offers and descriptions that name the other's field.
    FOREACH s IN ARRAY b.sectors LOOP
        CONTINUE WHEN s = ANY (a.sectors);
        FOR i IN 1 .. a.offers LOOP
            w := peer.serve_weight(ax[i], s);
            CONTINUE WHEN w = 0;
            x := ax[i];
            c := w * x.specific / 1000 * vague / 1000;
            of_a[i] := greatest(of_a[i], c);
            of_b[nb + 1] := greatest(of_b[nb + 1], c);
            ret.kinds := ret.kinds | (1 << x.role);
        END LOOP;
        IF a.offers > 0 AND s = ANY (a.described) THEN
            c := @serve.described@ * vague / 1000;
            of_a[na + 1] := greatest(of_a[na + 1], c);
            of_b[nb + 1] := greatest(of_b[nb + 1], c);
        END IF;
    END LOOP;
    FOREACH s IN ARRAY a.sectors LOOP
        CONTINUE WHEN s = ANY (b.sectors);
        FOR k IN 1 .. b.offers LOOP
            w := peer.serve_weight(bx[k], s);
            CONTINUE WHEN w = 0;
            y := bx[k];
            c := w * y.specific / 1000 * vague / 1000;
            of_b[k] := greatest(of_b[k], c);
            of_a[na + 1] := greatest(of_a[na + 1], c);
            ret.kinds := ret.kinds | (1 << y.role);
        END LOOP;
        IF b.offers > 0 AND s = ANY (b.described) THEN
            c := @serve.described@ * vague / 1000;
            of_b[nb + 1] := greatest(of_b[nb + 1], c);
            of_a[na + 1] := greatest(of_a[na + 1], c);
        END IF;
    END LOOP;
    i := peer.combine(of_a);
    k := peer.combine(of_b);
    ret.need := (greatest(i, k) * @need.better@ + least(i, k) * (1000 - @need.better@)) / 1000;
    FOR i IN 1 .. cardinality(a.sectors) LOOP
        FOR k IN 1 .. cardinality(b.sectors) LOOP
            best := greatest(best, peer.close(a.sectors[i], b.sectors[k])
                     * CASE WHEN i = 1 AND k = 1 THEN @sector.main@ ELSE @sector.other@ END / 100);
        END LOOP;
    END LOOP;
    ret.sector := best;
    RETURN ret;
END;
$$;

-- language_score of factors.c.
CREATE FUNCTION peer.language(a peer.tongue, b peer.tongue) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    best integer := CASE WHEN cardinality(a.codes) = 0 OR cardinality(b.codes) = 0
                    THEN @language.unknown@ ELSE @language.none@ END;
    k integer;
    v integer;
BEGIN
    FOR i IN 1 .. cardinality(a.codes) LOOP
        k := array_position(b.codes, a.codes[i]);
        CONTINUE WHEN k IS NULL;
        v := CASE least(a.levels[i], b.levels[k]) WHEN 3 THEN @language.fluent@
             WHEN 2 THEN @language.working@ ELSE @language.basic@ END;
        IF a.codes[i] = 'fra' AND (a.french OR b.french) THEN
            v := v + @language.french@;
        END IF;
        best := greatest(best, least(v, 10000));
    END LOOP;
    RETURN best;
END;
$$;

-- practical_score of factors.c. ca, cb: how freshly each was checked.
CREATE FUNCTION peer.size_steps(a integer, b integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN greatest(a, b) <= greatest(least(a, b), 1) THEN 0
           ELSE least(20, ceil(log(2, greatest(a, b)::numeric / greatest(least(a, b), 1)))::integer)
           END;

CREATE FUNCTION peer.checked(verified integer, today integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN verified IS NULL OR today - verified >= @checked.old-days@ THEN 0
           WHEN today - verified <= @checked.fresh-days@ THEN 10000
           ELSE (@checked.old-days@ - (today - verified)) * 10000
                / (@checked.old-days@ - @checked.fresh-days@) END;

-- kinds NULL: unknown as yet, so as good as it can be.
CREATE FUNCTION peer.practical(a peer.company, b peer.company, today integer, kinds integer)
    RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (CASE WHEN kinds IS NULL OR kinds & 158 <> 0 THEN 10000
                 WHEN a.employees IS NULL OR b.employees IS NULL THEN @size.unknown@
                 ELSE greatest(0, 10000 - greatest(0, peer.size_steps(a.employees, b.employees)
                                                      - @size.free@) * @size.step@) END
            * @practical.size@
          + CASE WHEN a.exports & CASE b.country WHEN 'KH' THEN 8 ELSE 16 END <> 0
                   OR b.exports & CASE a.country WHEN 'KH' THEN 8 ELSE 16 END <> 0
                 THEN @export.target@
                 WHEN (a.exports | b.exports) & 4 <> 0 THEN @export.some@ ELSE @export.none@ END
            * @practical.export@
          + (peer.checked(a.verified, today) + peer.checked(b.verified, today)) / 2
            * @practical.checked@
          + (CASE WHEN b.asked = 0 THEN @certified.neutral@ WHEN b.asked & a.held <> 0 THEN 10000
             ELSE @certified.missing@ END
           + CASE WHEN a.asked = 0 THEN @certified.neutral@ WHEN a.asked & b.held <> 0 THEN 10000
             ELSE @certified.missing@ END) / 2 * @practical.certified@) / 10000;

-- total of score.c.
CREATE FUNCTION peer.gate(need integer, sector integer) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN greatest(least(need, @gate.full@)::bigint * 10000,
                    @gate.full@::bigint * @gate.floor@ * sector / 10000);

CREATE FUNCTION peer.total(need integer, sector integer, language integer, practical integer)
    RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((need * (@gate.full@ * 100000000::bigint
                     - (10000 - @total.need@) * peer.gate(need, sector))
             + peer.gate(need, sector) * (@total.sector@::bigint * sector
                                          + @total.language@::bigint * language
                                          + @total.practical@::bigint * practical)
             + @gate.full@ * 50000000::bigint) / (@gate.full@ * 100000000::bigint))::integer;

-- One pair, from its profiles: what a plain query would call for every company.
CREATE FUNCTION peer.shapes(ids integer[]) RETURNS peer.shape[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ARRAY(SELECT s FROM unnest(ids) WITH ORDINALITY u(id, n) JOIN peer.shape s USING (id)
                 ORDER BY u.n);

CREATE FUNCTION peer.score(a peer.company, b peer.company, today integer) RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
DECLARE
    ac peer.content;
    bc peer.content;
    ax peer.shape[];
    bx peer.shape[];
    raw integer[] := '{}';
    at peer.tongue;
    bt peer.tongue;
    t peer.trade;
BEGIN
    SELECT * INTO STRICT ac FROM peer.content WHERE id = a.content;
    SELECT * INTO STRICT bc FROM peer.content WHERE id = b.content;
    SELECT * INTO STRICT at FROM peer.tongue WHERE id = a.tongue;
    SELECT * INTO STRICT bt FROM peer.tongue WHERE id = b.tongue;
    ax := peer.shapes(ac.shapes);
    bx := peer.shapes(bc.shapes);
    FOR i IN 1 .. cardinality(ax) LOOP
        FOR k IN 1 .. cardinality(bx) LOOP
            raw := raw || peer.strength(ax[i], bx[k]);
        END LOOP;
    END LOOP;
    t := peer.trade(ac, ax, bc, bx, raw);
    RETURN peer.total(t.need, t.sector, peer.language(at, bt),
                      peer.practical(a, b, today, t.kinds));
END;
$$;
