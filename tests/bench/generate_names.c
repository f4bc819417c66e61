#include "generate.h"

/* (A call never draws twice: the order of arguments is the compiler's.) Names are composed; that
 * one is somebody's is possible and means nothing. */

struct word { /* in Latin and in Khmer letters */
    const char *latin, *khmer;
};
#define COUNT(list) (sizeof(list) / sizeof *(list))
#define PICK(r, list) ((list)[chance_below((r), COUNT(list))])

static const struct word families[] = {
    {"Sok", "សុខ"},    {"Chan", "ចាន់"}, {"Keo", "កែវ"},  {"Chea", "ជា"},   {"Heng", "ហេង"},
    {"Kim", "គឹម"},    {"Ly", "លី"},     {"Meas", "មាស"}, {"Nuon", "នួន"},   {"Ouk", "អ៊ុក"},
    {"Pich", "ពេជ្រ"}, {"Ros", "រស់"},   {"Sam", "សំ"},    {"Sar", "សារ"},   {"Seng", "សេង"},
    {"Sim", "ស៊ឹម"},    {"Som", "សោម"},  {"Tep", "ទេព"},  {"Tan", "តាន់"},   {"Yim", "យឹម"},
    {"Chhay", "ឆាយ"}, {"Chum", "ជុំ"},   {"Hem", "ហែម"},  {"Khiev", "ខៀវ"}, {"Lim", "លឹម"},
    {"Long", "ឡុង"},   {"Mao", "ម៉ៅ"},   {"Nhem", "ញឹម"},  {"Phan", "ផាន"},  {"Prak", "ប្រាក់"},
    {"Suon", "សួន"},   {"Touch", "ទូច"}, {"Uch", "អ៊ុច"},   {"Vong", "វង្ស"},  {"Yin", "យិន"},
    {"Nget", "ងែត"},  {"Chhim", "ឈឹម"}, {"Oum", "អ៊ុំ"},    {"Pen", "ប៉ែន"},   {"Sin", "ស៊ិន"},
};

static const struct word givens[] = {
    {"Dara", "ដារ៉ា"},    {"Sophal", "សុផល"},    {"Bopha", "បុប្ផា"},   {"Sreymom", "ស្រីមុំ"},
    {"Rithy", "រិទ្ធី"},    {"Vichea", "វិជ្ជា"},   {"Sokha", "សុខា"},    {"Chanthou", "ចន្ធូ"},
    {"Kosal", "កុសល"},    {"Makara", "មករា"},   {"Pisey", "ពិសី"},     {"Ratha", "រដ្ឋា"},
    {"Samnang", "សំណាង"}, {"Sothea", "សុធា"},    {"Thida", "ធីតា"},    {"Veasna", "វាសនា"},
    {"Visal", "វិសាល"},   {"Borey", "បូរី"},      {"Chenda", "ចិន្តា"},  {"Leakhena", "លក្ខិណា"},
    {"Monika", "មុនីកា"},  {"Nary", "ណារី"},      {"Phalla", "ផល្លា"},  {"Piseth", "ពិសិដ្ឋ"},
    {"Raksmey", "រស្មី"},  {"Sarath", "សារ៉ាត់"},  {"Sopheap", "សុភាព"}, {"Vanna", "វណ្ណា"},
    {"Virak", "វីរៈ"},    {"Sambath", "សម្បត្តិ"}, {"Kunthea", "គន្ធា"}, {"Sovann", "សុវណ្ណ"},
};

static const struct word brands[] = {
    {"Angkor", "អង្គរ"},       {"Mekong", "មេគង្គ"},      {"Tonle Sap", "ទន្លេសាប"},
    {"Bayon", "បាយ័ន"},        {"Apsara", "អប្សរា"},      {"Romduol", "រំដួល"},
    {"Malis", "ម្លិះ"},         {"Phnom Meas", "ភ្នំមាស"},  {"Chaktomuk", "ចតុមុខ"},
    {"Naga", "នាគ"},          {"Mongkol", "មង្គល"},      {"Samaki", "សាមគ្គី"},
    {"Chamroeun", "ចម្រើន"},   {"Preah Chan", "ព្រះចន្ទ"}, {"Kravanh", "ក្រវាញ"},
    {"Svay Thom", "ស្វាយធំ"},   {"Trapeang", "ត្រពាំង"},    {"Stueng Thmey", "ស្ទឹងថ្មី"},
    {"Boeng Chhouk", "បឹងឈូក"}, {"Dong Rek", "ដងរែក"},    {"Lotus Sar", "ឈូកស"},
    {"Prek Meas", "ព្រែកមាស"}, {"Veal Srae", "វាលស្រែ"},  {"Khmer Thmey", "ខ្មែរថ្មី"},
};

static const char *const surnames[] = {
    "Smith",    "Macdonald", "Singh",    "Wong",      "Campbell", "Nguyen", "Patel",     "Fraser",
    "Kowalski", "Taylor",    "Brown",    "Chen",      "Stewart",  "Gill",   "Murphy",    "Wilson",
    "Friesen",  "Penner",    "Sinclair", "Robertson", "Khan",     "Lee",    "Ivanov",    "Schmidt",
    "Oakes",    "Dhillon",   "Morrison", "Hughes",    "Kelly",    "Rossi",  "Silva",     "Grant",
    "Peters",   "Bailey",    "Chow",     "Sharma",    "Thompson", "Young",  "Mackenzie", "Dyck",
    "Hall",     "Tran",      "Wright",   "Adams",     "Novak",    "Berg",   "Ferguson",  "Doyle",
};
static const char *const surnames_fra[] = {
    "Tremblay", "Gagnon",   "Roy",      "Côté",         "Bouchard",  "Gauthier", "Morin",
    "Lavoie",   "Fortin",   "Gagné",    "Ouellet",      "Pelletier", "Bélanger", "Lévesque",
    "Bergeron", "Leblanc",  "Paquette", "Girard",       "Simard",    "Boucher",  "Caron",
    "Beaulieu", "Cloutier", "Dubé",     "Poirier",      "Fournier",  "Lapointe", "Leclerc",
    "Lefebvre", "Poulin",   "Thibault", "Saint-Pierre", "Nadeau",    "Martel",
};
static const char *const adjectives[] = {
    "Northern",    "Pacific",    "Prairie",    "Atlantic",   "Maple",     "Boreal",
    "Great Lakes", "True North", "Red River",  "Blue Heron", "Granite",   "Silver Birch",
    "Tidewater",   "Cedar",      "Aurora",     "Summit",     "Lakeshore", "Polar",
    "Harvest",     "Heritage",   "Bow Valley", "Pine Ridge", "Coastal",   "Frontier",
};
static const char *const adjectives_fra[] = {
    "boréal",         "du Nord",       "des Laurentides", "Saint-Laurent",
    "de la Mauricie", "de l'Estrie",   "du Fleuve",       "des Érables",
    "Nordique",       "de Charlevoix", "des Cantons",     "du Bas-Richelieu",
};
static const char *const forms[] = {"Inc.",    "Ltd.",        "Corp.",
                                    "Limited", "& Sons Ltd.", "Group Inc."};

static const char *const starts[] = {
    "Val", "Nor", "Mar", "Cal", "Ter", "Sol", "Vir",  "Bel", "Cor", "Dal", "Fen", "Gar", "Hal",
    "Jor", "Kel", "Lor", "Mon", "Nex", "Pol", "Qual", "Ros", "Sil", "Tor", "Ver", "Wes", "Zen",
};
static const char *const middles[] = {"a",   "e",   "i",   "o",   "ando",
                                      "ero", "ima", "ota", "ura", "ella"};
static const char *const ends[] = {
    "ba",  "can", "dex",  "fort", "go", "lin", "mark", "nova", "pex",  "ra",   "son",  "tec",
    "tis", "via", "well", "wick", "x",  "za",  "bury", "dale", "gate", "holm", "land", "ridge",
};

/* A word that nobody has yet, as new firms like to be called. */
static struct text_ref name_invented(struct company *c, struct chance *r)
{
    const char *start = PICK(r, starts);
    const char *middle = PICK(r, middles);
    const char *end = PICK(r, ends);

    return company_text(c, "%s%s%s", start, middle, end);
}

static void name_canadian(struct company *c, struct chance *r, const char *noun)
{
    unsigned how = chance_below(r, 100), digits = chance_below(r, 9000000);
    const char *one = PICK(r, surnames);
    const char *two = PICK(r, surnames);
    const char *form = PICK(r, forms);
    const char *invented = name_invented(c, r).s;
    const char *city = c->p.city.len ? c->p.city.s : "Canadian";

    if (how < 6)
        c->p.name = company_text(c, "%u Canada Inc.", 1000000 + digits);
    else if (how < 16)
        c->p.name = company_text(c, "%s %s %s", one, noun, form);
    else if (how < 48)
        c->p.name = company_text(c, "%s %s %s", invented, noun, form);
    else if (how < 60)
        c->p.name = company_text(c, "%s %s", invented, form);
    else if (how < 72)
        c->p.name = company_text(c, "%s %s %s %s", city, one, noun, form);
    else if (how < 84)
        c->p.name = company_text(c, "%s %s %s", PICK(r, adjectives), invented, noun);
    else if (how < 88)
        c->p.name = company_text(c, "%s %s", PICK(r, adjectives), noun);
    else
        c->p.name = company_text(c, "%s & %s %s", one, two, noun);
}

static void name_french(struct company *c, struct chance *r, const char *noun)
{
    unsigned how = chance_below(r, 100), digits = chance_below(r, 10000000);
    const char *one = PICK(r, surnames_fra);
    const char *two = PICK(r, surnames_fra);
    const char *invented = name_invented(c, r).s;
    const char *city = c->p.city.len ? c->p.city.s : "du Canada";

    if (how < 8)
        c->p.name = company_text(c, "9%03u-%04u Québec inc.", digits / 10000, digits % 10000);
    else if (how < 20)
        c->p.name = company_text(c, "%s %s inc.", noun, one);
    else if (how < 55)
        c->p.name = company_text(c, "%s %s inc.", noun, invented);
    else if (how < 75)
        c->p.name = company_text(c, "%s %s %s", noun, one, city);
    else if (how < 80)
        c->p.name = company_text(c, "%s %s", noun, PICK(r, adjectives_fra));
    else if (how < 90)
        c->p.name = company_text(c, "Groupe %s %s ltée", invented, noun);
    else
        c->p.name = company_text(c, "%s et %s, %s", one, two, noun);
}

static void name_cambodian(const struct world *w, struct company *c, struct chance *r)
{
    static const char *const companies[] = {"Co., Ltd.", "Trading", "Group", "Enterprise",
                                            "Import Export"};
    const char *const *noun = w->sectors[c->sector].noun;
    bool person = chance_below(r, 100) < 62;
    struct text_ref latin, khmer;

    if (person) {
        const struct word family = PICK(r, families);
        const struct word given = PICK(r, givens);
        const struct word more = chance_below(r, 2) ? PICK(r, givens) : PICK(r, brands);
        latin =
            company_text(c, "%s %s %s %s", family.latin, given.latin, more.latin, noun[LANG_ENG]);
        khmer =
            company_text(c, "%s %s %s %s", noun[LANG_KHM], family.khmer, given.khmer, more.khmer);
    } else {
        const struct word one = PICK(r, brands);
        const struct word two = PICK(r, givens);
        const struct word more = PICK(r, families);
        latin = company_text(c, "%s %s %s %s %s", one.latin, more.latin, two.latin, noun[LANG_ENG],
                             PICK(r, companies));
        khmer = company_text(c, "%s %s %s %s", noun[LANG_KHM], one.khmer, more.khmer, two.khmer);
    }
    /* Most small firms are known by their Khmer name alone. */
    unsigned how = chance_below(r, 100);
    c->p.name = how < 30 ? khmer : latin;
    if (how < 12)
        c->names[LANG_ENG] = latin;
    else if (how >= 30 && how < 65)
        c->names[LANG_KHM] = khmer;
}

void company_name(const struct world *w, struct company *c, struct chance *r)
{
    const char *const *noun = w->sectors[c->sector].noun;

    if (c->p.country == COUNTRY_KH) {
        name_cambodian(w, c, r);
    } else if (company_lang(c) == LANG_FRA) {
        name_french(c, r, noun[LANG_FRA]);
    } else {
        name_canadian(c, r, noun[LANG_ENG]);
        if (chance_permille(r, 12))
            c->names[LANG_FRA] =
                company_text(c, "%s %s inc.", noun[LANG_FRA], PICK(r, surnames_fra));
    }
}
