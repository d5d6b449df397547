// What the customers are called and what they write about.
#pragma once
#include <array>
#include <string_view>

namespace syncline::sandbox {

struct Name {
  std::string_view first, last;
  bool german = false;
};
inline constexpr std::array<Name, 24> kNames{
    {{"Emma", "Whitfield"},   {"Jürgen", "Müller", true},   {"Oliver", "Hartley"},  {"Sabine", "Schäfer", true},
     {"Grace", "Thornton"},   {"Klaus", "Weiß", true},      {"Daniel", "Okafor"},   {"Anja", "Köhler", true},
     {"Hannah", "Pritchard"}, {"Stefan", "Böhm", true},     {"Marcus", "Delaney"},  {"Ute", "Krüger", true},
     {"Priya", "Raman"},      {"Björn", "Lindemann", true}, {"Sophie", "Ashworth"}, {"Heike", "Großmann", true},
     {"Liam", "O'Connor"},    {"Petra", "Vogel", true},     {"Chloe", "Bennett"},   {"Matthias", "Jäger", true},
     {"Nathan", "Fairchild"}, {"Katrin", "Höfer", true},    {"Isabel", "Moreno"},   {"Rainer", "Stöckl", true}}};

struct Company {
  std::string_view name, domain, city, phone;
};
inline constexpr std::array<Company, 10> kCompanies{
    {{"Northwind Traders", "northwind.test", "Leeds", "+44 113 496 02"},
     {"Müller & Söhne GmbH", "mueller-soehne.test", "Köln", "+49 221 4710 3"},
     {"Fabrikam Tooling Ltd", "fabrikam.test", "Sheffield", "+44 114 496 07"},
     {"Alpenblick Hotels AG", "alpenblick.test", "München", "+49 89 2180 55"},
     {"Harbour Logistics", "harbourlogistics.test", "Bristol", "+44 117 496 04"},
     {"Elbwerft Maschinenbau", "elbwerft.test", "Hamburg", "+49 40 4283 90"},
     {"Meadowbrook Foods", "meadowbrook.test", "Norwich", "+44 1603 496 1"},
     {"Brücken-Apotheke", "bruecken-apotheke.test", "Dresden", "+49 351 4880 7"},
     {"Tailspin Instruments", "tailspin.test", "Cambridge", "+44 1223 496 8"},
     {"Schwarzwald Optik KG", "schwarzwald-optik.test", "Freiburg", "+49 761 2030 4"}}};

struct Topic {
  std::string_view subject, opening, follow_up, file;
};
inline constexpr std::array<Topic, 8> kEnglish{{
    {"Delivery date for order 40871",
     "we placed order 40871 two weeks ago and have not had a delivery date yet. Our fitters are booked from the 14th, "
     "so "
     "could you let me know whether the pumps will be here by then?\n\nIf only part of the order is ready, please send "
     "that first.",
     "thanks for getting back to me so quickly. The 12th works for us. The goods-in desk closes at 4 pm, so please ask "
     "the "
     "driver to ring ahead.",
     "order-40871.pdf"},
    {"Question about the invoice of last month",
     "our accounts team cannot match invoice RE-2291 to a purchase order. It lists six units, but we only received "
     "four.\n\n"
     "Could you check the quantity and send a corrected copy?",
     "I have now found the second delivery note, it had been filed with another project. The quantity is right after "
     "all, "
     "sorry for the confusion.",
     "invoice-RE-2291.pdf"},
    {"Quote for 25 additional licences",
     "we are taking on a new team in September and need 25 more licences on the existing contract. Please send a quote "
     "with "
     "the same discount as last year.\n\nThe contract number is C-11038.",
     "the quote looks fine. I need one signature from our finance director and should have the order with you on "
     "Thursday.",
     "licence-list.csv"},
    {"Login does not work since the update",
     "since the update on Monday two of my colleagues cannot log in any more. They get as far as the second factor, "
     "then "
     "the page is blank. I can still log in myself.\n\nBrowser is the current Firefox on Windows 11.",
     "clearing the cache helped on one machine but not on the other. I have attached the console output from the "
     "second one.",
     "console-output.csv"},
    {"Meeting notes and next steps",
     "thank you for the call this morning. As agreed: you send the revised drawings, we arrange access to the roof, "
     "and we "
     "speak again in a fortnight.\n\nPlease tell me if I have missed anything.",
     "small correction to my notes: the scaffolding has to be ordered by us, not by you. Everything else stands.",
     "meeting-notes.pdf"},
    {"Return of a faulty controller",
     "one of the controllers from the March batch has failed (serial 8841-C, display stays dark). It was installed by "
     "your own "
     "technician, so it should be covered.\n\nHow do we send it back?",
     "the parcel went out this afternoon, tracking number JD0146002231. Please confirm when it arrives.",
     "return-form.pdf"},
    {"Change of address from 1 July",
     "we are moving offices. From 1 July please use the new address for deliveries and invoices; phone numbers stay "
     "the same.",
     "one more thing: the VAT number does not change either, some suppliers had asked.", "new-address.pdf"},
    {"Training dates in autumn",
     "could you offer us two training days in October for about eight people? Tuesdays or Wednesdays would suit us "
     "best.",
     "the 20th and 21st it is. Two people will join by video, I hope that is all right.", "participants.csv"},
}};
inline constexpr std::array<Topic, 6> kGerman{{
    {"Rückfrage zum Angebot für die Küche",
     "vielen Dank für Ihr Angebot vom Dienstag. Eine Rückfrage: Sind die Anschlüsse für die Spülmaschine im Preis "
     "enthalten, oder müssen wir sie gesondert beauftragen?\n\nWir würden gerne bis Ende der Woche entscheiden.",
     "danke für die schnelle Antwort, damit ist alles geklärt. Die Bestellung geht Ihnen morgen per Post zu.",
     "Angebot-Küche.pdf"},
    {"Störung an der Kühlanlage",
     "seit heute früh meldet die Kühlanlage im Erdgeschoss einen Überdruck. Wir haben sie vorläufig abgeschaltet.\n\n"
     "Wann könnte frühestens ein Techniker vorbeikommen?",
     "der Techniker war hier, die Anlage läuft wieder. Bitte schicken Sie uns noch das Prüfprotokoll für die "
     "Unterlagen.",
     "Prüfprotokoll.pdf"},
    {"Terminvorschläge für das Jahresgespräch",
     "für unser Jahresgespräch schlage ich den 3. oder den 5. März vor, jeweils ab 10 Uhr bei uns im Haus.",
     "der 5. März passt sehr gut. Parkplätze sind für Sie reserviert, bitte nennen Sie mir vorab das Kennzeichen.",
     "Anfahrt.pdf"},
    {"Mahnung irrtümlich erhalten",
     "heute kam eine Mahnung zur Rechnung RE-1907. Diese haben wir am 8. des Monats überwiesen, siehe Beleg.\n\n"
     "Bitte prüfen Sie das und bestätigen Sie uns den Zahlungseingang.",
     "vielen Dank für die Bestätigung. Dann betrachten wir die Sache als erledigt.", "Überweisungsbeleg.pdf"},
    {"Größere Lieferung im Frühjahr möglich?",
     "wir planen für das Frühjahr eine größere Bestellung, etwa 400 Gläser in vier Stärken. Könnten Sie diese Menge "
     "bis Mitte April liefern?",
     "die Aufteilung in zwei Lieferungen ist für uns kein Problem. Bitte bestätigen Sie die Termine schriftlich.",
     "Stückliste.csv"},
    {"Neue Ansprechpartnerin im Einkauf",
     "ab dem nächsten Ersten übernimmt Frau Günther den Einkauf bei uns. Bitte richten Sie Angebote künftig an sie.",
     "Frau Günther meldet sich in den nächsten Tagen selbst bei Ihnen.", "Kontaktdaten.csv"},
}};

}  // namespace syncline::sandbox
