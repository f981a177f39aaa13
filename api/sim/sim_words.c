/* What a hotel in Spain writes on its payments: the words that seeded objects are made of. */
#include "sim_internal.h"

const struct words_item words_online[] = {
    {"Depósito hab. %u", 80, 300},
    {"Señal reserva %s", 60, 450},
    {"Estancia hab. %u", 180, 960},
    {"Cancelación tardía hab. %u", 90, 240},
    {"Excursión Alhambra, 2 pax", 78, 156},
    {"Excursión en velero", 95, 190},
    {"Paquete romántico hab. %u", 140, 320},
    {"Media pensión, niños incluidos", 64, 210},
    {"Spa y circuito termal", 35, 120},
    {"Traslado aeropuerto", 38, 75},
    {"Bono regalo cumpleaños", 50, 200},
    {"Salón Alcázar, señal boda Núñez-Peña", 600, 1500},
    {"Grupo ciclista, pensión completa", 900, 2400},
    {"Cena de Nochevieja, %s", 110, 260},
    {"Noche adicional hab. %u", 95, 185},
    {"Plaza de garaje, 3 noches", 36, 54},
};
const size_t words_online_count = COUNT_OF(words_online);

const struct words_item words_hold[] = {
    {"Garantía hab. %u", 150, 400},
    {"Preautorización %s", 100, 500},
    {"Fianza apartamento %u", 200, 350},
    {"Garantía no-show, %s", 90, 280},
};
const size_t words_hold_count = COUNT_OF(words_hold);

const struct words_item words_pos[] = {
    {"Cena terraza", 24, 140},         {"Minibar hab. %u", 4, 38},
    {"Desayuno bufé", 14, 56},         {"Bar piscina: cañas y boquerones", 9, 46},
    {"Lavandería hab. %u", 12, 60},    {"Salida tardía hab. %u", 30, 60},
    {"Menú del día", 17, 68},          {"Masaje 50 min", 55, 75},
    {"Tasa turística hab. %u", 6, 28}, {"Cava y jamón ibérico", 32, 90},
    {"Estancia hab. %u", 120, 640},    {"Alquiler de bicicletas", 15, 45},
};
const size_t words_pos_count = COUNT_OF(words_pos);

const char *const words_guests[] = {
    "García Muñoz",
    "Íñigo Arrizabalaga",
    "Núñez Peña",
    "Begoña Etxebarría",
    "López-Ibáñez",
    "Martín Expósito",
    "Sánchez Güell",
    "Fernández de Córdoba",
    "Müller",
    "Van den Berg",
    "O'Sullivan",
    "Dupré-Lefèvre",
    "Jiménez Ávila",
    "Pérez Ruiz",
    "Ramírez Cañas",
    "Gonçalves",
    "Åkerström",
    "Wójcik",
    "Mª Ángeles Rincón",
    "Yamamoto",
};
const size_t words_guest_count = COUNT_OF(words_guests);

const struct words_country words_countries[] = {
    {"ES", "es-ES"}, {"ES", "es-ES"}, {"ES", "es-ES"}, {"ES", "ca-ES"}, {"FR", "fr-FR"},
    {"GB", "en-GB"}, {"DE", "de-DE"}, {"PT", "pt-PT"}, {"IT", "it-IT"}, {"NL", "nl-NL"},
};
const size_t words_country_count = COUNT_OF(words_countries);
