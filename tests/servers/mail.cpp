#include "mail.hpp"

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormatter.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "dataverse.hpp"
#include "encode.hpp"
#include "mail_texts.hpp"
#include "mime_writer.hpp"

namespace syncline::sandbox {
namespace {

constexpr std::int64_t kSecond = 1000000;  // Poco's timestamps count microseconds

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }
  std::string hex(std::size_t digits) {
    std::string out;
    while (out.size() < digits) out += "0123456789abcdef"[below(16)];
    return out;
  }

 private:
  std::mt19937_64 engine_;  // the same numbers everywhere, unlike the standard distributions
};

enum class Kind {
  PLAIN,
  HTML,
  FILE,
  EIGHT_BIT,
  REPLY,
  NO_ID,
  TWO_MAILBOXES,
  ENCODED,
  REPLY_WITH_FILE,
  INLINE,
  COLLEAGUE,
  FOLLOW_UP
};
constexpr std::array<Kind, 12> kKinds{Kind::PLAIN,           Kind::HTML,   Kind::FILE,          Kind::EIGHT_BIT,
                                      Kind::REPLY,           Kind::NO_ID,  Kind::TWO_MAILBOXES, Kind::ENCODED,
                                      Kind::REPLY_WITH_FILE, Kind::INLINE, Kind::COLLEAGUE,     Kind::FOLLOW_UP};

struct Conversation {
  Person person;
  bool german = false;
  const Topic* topic = nullptr;
  std::string mailbox;
  std::vector<std::string> ids;  // of all its messages, ours included
};

std::string ascii_name(std::string_view text) {
  static const std::map<std::string_view, std::string_view> kPlain{{"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"ß", "ss"},
                                                                   {"Ä", "ae"}, {"Ö", "oe"}, {"Ü", "ue"}, {"'", ""}};
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = static_cast<unsigned char>(text[i]) < 0x80 ? 1 : 2;
    const auto found = kPlain.find(text.substr(i, size));
    out += found == kPlain.end() ? text.substr(i, size) : found->second;
    i += size;
  }
  return lower(out);
}

std::string display(const std::string& address) {
  if (address == "alice@contoso.test") return "Alice Baker";
  if (address == "bob@contoso.test") return "Bob Keller";
  return "Contoso Support";
}

std::string mailbox_header(const std::string& name, const std::string& address) {
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return (ascii ? "\"" + name + "\"" : encoded_word(name, false)) + " <" + address + ">";
}

class Generator {
 public:
  Generator(const MailPlan& plan) : plan_(plan), dice_(plan.seed), people_(customers(plan.seed)) {}

  std::vector<Mail> run() {
    const Poco::DateTime start(2026, 1, 2, 7, 15, 0);
    const auto step =
        static_cast<std::int64_t>(360.0 * 86400 / static_cast<double>(std::max<std::size_t>(plan_.count, 1)));
    for (std::size_t i = 0; i < plan_.count; ++i) {
      const auto jitter =
          static_cast<std::int64_t>(dice_.below(static_cast<std::size_t>(std::max<std::int64_t>(step / 2, 1))));
      now_ = start.timestamp() + (static_cast<std::int64_t>(i) * step + jitter) * kSecond;
      write(i < kKinds.size() ? kKinds.at(i) : kKinds.at(dice_.below(kKinds.size())));
    }
    return std::move(out_);
  }

 private:
  struct Draft {
    Mail mail;
    std::string text, subject_header, from_header, cc;
    std::vector<std::string> references;
    bool german = false;
    Piece content;
  };

  void write(Kind kind) {
    const bool reply = kind == Kind::REPLY || kind == Kind::REPLY_WITH_FILE || kind == Kind::FOLLOW_UP;
    Conversation& conversation = reply && !open_.empty() ? open_[dice_.below(open_.size())] : begin(kind);
    const bool answers = reply && !conversation.ids.empty();
    Draft draft;
    draft.german = conversation.german;
    Mail& mail = draft.mail;
    mail.mailbox = conversation.mailbox;
    mail.from = conversation.person.address;
    mail.subject = (answers ? (draft.german ? "AW: " : "Re: ") : "") + std::string(conversation.topic->subject);
    mail.date = Poco::DateTimeFormatter::format(now_, "%Y-%m-%dT%H:%M:%S.000Z");
    if (answers && kind != Kind::FOLLOW_UP) {  // they answer an answer of ours, which is in no mailbox
      conversation.ids.push_back(dice_.hex(20) + "@contoso.test");
    }
    if (answers) {
      mail.in_reply_to = conversation.ids.back();
      draft.references = conversation.ids;
    }
    if (kind != Kind::NO_ID) {
      const std::string domain = mail.from.substr(mail.from.find('@') + 1);
      mail.message_id = dice_.hex(8) + "." + dice_.hex(12) + "@mail." + domain;
      conversation.ids.push_back(mail.message_id);
    }
    draft.text = letter(conversation, answers);
    draft.subject_header = encoded_word(mail.subject, dice_.below(2) == 0);
    draft.from_header = mailbox_header(conversation.person.first + " " + conversation.person.last, mail.from);
    draft.content = content(kind, conversation, draft);
    deliver(kind, draft);
  }

  Conversation& begin(Kind kind) {
    Conversation made;
    const bool german =
        kind == Kind::ENCODED || kind == Kind::EIGHT_BIT || (kind != Kind::PLAIN && dice_.below(3) == 0);
    if (kind == Kind::COLLEAGUE) {
      made.person = {"Bob", "Keller", "bob@contoso.test", "Contoso", "+44 20 7946 0", "London", false};
      made.mailbox = plan_.mailboxes[dice_.below(plan_.mailboxes.size())];
      if (made.mailbox == "bob@contoso.test") {
        made.person.first = "Alice";
        made.person.last = "Baker";
        made.person.address = "alice@contoso.test";
      }
    } else {
      do made.person = people_[dice_.below(people_.size())];
      while (is_german(made.person) != german);
      made.mailbox = plan_.mailboxes[dice_.below(plan_.mailboxes.size())];
    }
    made.german = german && kind != Kind::COLLEAGUE;
    made.topic = made.german ? &kGerman.at(dice_.below(kGerman.size())) : &kEnglish.at(dice_.below(kEnglish.size()));
    constexpr std::size_t kOpen = 12;  // older conversations come to rest
    if (open_.size() >= kOpen) open_.erase(open_.begin());
    open_.push_back(std::move(made));
    return open_.back();
  }

  static bool is_german(const Person& person) {
    return std::any_of(kNames.begin(), kNames.end(),
                       [&](const Name& name) { return name.german && name.last == person.last; });
  }

  std::string letter(const Conversation& conversation, bool answers) {
    const std::string to = display(conversation.mailbox);
    const std::string first = to.substr(0, to.find(' '));
    const bool queue = conversation.mailbox == "support@contoso.test";
    std::string out = conversation.german ? "Guten Tag" : queue ? "Hello" : "Hi " + first;
    if (conversation.german && !queue) out += " " + to;
    out += ",\n\n" + std::string(answers ? conversation.topic->follow_up : conversation.topic->opening);
    out += conversation.german ? "\n\nMit freundlichen Grüßen\n" : "\n\nKind regards\n";
    const Person& person = conversation.person;
    return out + person.first + " " + person.last + "\n" + person.company + "\n" + person.phone + "\n";
  }

  static std::string html(const std::string& text, const std::string& image) {
    std::string out = "<html><body><p>";
    for (const char c : text) {
      if (c == '\n') {
        out += "<br>\n";
      } else if (c == '&') {
        out += "&amp;";
      } else {
        out += c;
      }
    }
    out += "</p>";
    if (!image.empty()) out += "<p><img src=\"cid:" + image + "\" alt=\"logo\"></p>";
    return out + "</body></html>\n";
  }

  std::string file_bytes(const std::string& name) {
    std::string out = name.ends_with(".csv") ? "number;article;quantity\n" : "%PDF-1.4\n";
    const std::size_t lines = 40 + dice_.below(900);
    for (std::size_t i = 0; i < lines; ++i)
      out += name.ends_with(".csv")
                 ? std::to_string(i + 1) + ";" + dice_.hex(8) + ";" + std::to_string(dice_.below(90)) + "\n"
                 : dice_.hex(48) + "\n";
    return out;
  }

  Piece content(Kind kind, const Conversation& conversation, Draft& draft) {
    const auto boundary = [&] { return "----=_Part_" + dice_.hex(16); };
    if (kind == Kind::EIGHT_BIT)
      return {{{"Content-Type", "text/plain; charset=iso-8859-1"}, {"Content-Transfer-Encoding", "8bit"}},
              crlf(latin1(draft.text))};
    if (kind == Kind::PLAIN || kind == Kind::NO_ID || kind == Kind::FOLLOW_UP) return text_piece("plain", draft.text);
    if (kind == Kind::INLINE) {
      static const std::string kDot =
          from_base64(
              "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
              .value();
      const std::string id = "logo." + dice_.hex(10) + "@contoso.test";
      draft.mail.attachments = 1;
      return multipart("related", boundary(),
                       {text_piece("html", html(draft.text, id)), file_piece("logo.png", "image/png", kDot, id)});
    }
    const Piece both = multipart("alternative", boundary(),
                                 {text_piece("plain", draft.text), text_piece("html", html(draft.text, ""))});
    if (kind != Kind::FILE && kind != Kind::REPLY_WITH_FILE) return both;
    const std::string file(conversation.topic->file);
    draft.mail.attachments = 1;
    std::vector<Piece> pieces{
        both, file_piece(file, file.ends_with(".csv") ? "text/csv" : "application/pdf", file_bytes(file), "")};
    if (dice_.below(4) == 0) {
      pieces.push_back(
          file_piece("photo-" + dice_.hex(4) + ".jpg", "image/jpeg", "\xFF\xD8\xFF\xE0" + file_bytes("photo"), ""));
      draft.mail.attachments = 2;
    }
    return multipart("mixed", boundary(), pieces);
  }

  void deliver(Kind kind, Draft& draft) {
    std::string second;
    if (kind == Kind::TWO_MAILBOXES && plan_.mailboxes.size() > 1) {
      do second = plan_.mailboxes[dice_.below(plan_.mailboxes.size())];
      while (second == draft.mail.mailbox);
    }
    const std::string first = draft.mail.mailbox;
    for (const auto& mailbox : second.empty() ? std::vector{first} : std::vector{first, second}) {
      Mail copy = draft.mail;
      copy.mailbox = mailbox;
      copy.bytes = message(draft, mailbox, first, second);
      out_.push_back(std::move(copy));
    }
  }

  std::string message(const Draft& draft, const std::string& mailbox, const std::string& to, const std::string& cc) {
    const Mail& mail = draft.mail;
    const std::string domain = mail.from.substr(mail.from.find('@') + 1);
    const auto date = [&](int seconds) {
      return Poco::DateTimeFormatter::format(now_ + seconds * kSecond, "%w, %d %b %Y %H:%M:%S +0000");
    };
    Piece out;
    auto& headers = out.headers;
    headers.emplace_back("Return-Path", "<" + mail.from + ">");
    headers.emplace_back("Delivered-To", mailbox);
    headers.emplace_back(
        "Received", "from mx.contoso.test (mx.contoso.test [192.0.2.25])\r\n\tby store.contoso.test with LMTP id " +
                        dice_.hex(12) + "\r\n\tfor <" + mailbox + ">; " + date(9));
    headers.emplace_back("Received", "from mail." + domain + " (mail." + domain + " [198.51.100." +
                                         std::to_string(1 + dice_.below(250)) +
                                         "])\r\n\tby mx.contoso.test with ESMTPS id " + dice_.hex(12) + "; " + date(4));
    headers.emplace_back("From", draft.from_header);
    headers.emplace_back("To", mailbox_header(display(to), to));
    if (!cc.empty()) headers.emplace_back("Cc", mailbox_header(display(cc), cc));
    headers.emplace_back("Subject", draft.subject_header);
    headers.emplace_back("Date", date(0));
    if (!mail.message_id.empty()) headers.emplace_back("Message-ID", "<" + mail.message_id + ">");
    if (!mail.in_reply_to.empty()) headers.emplace_back("In-Reply-To", "<" + mail.in_reply_to + ">");
    std::string references;
    for (const auto& id : draft.references) references += (references.empty() ? "<" : "\r\n <") + id + ">";
    if (!references.empty()) headers.emplace_back("References", references);
    headers.emplace_back("MIME-Version", "1.0");
    headers.insert(headers.end(), draft.content.headers.begin(), draft.content.headers.end());
    out.body = draft.content.body;
    return written(out);
  }

  const MailPlan& plan_;
  Dice dice_;
  std::vector<Person> people_;
  std::vector<Conversation> open_;
  std::vector<Mail> out_;
  Poco::Timestamp now_;
};

}  // namespace

std::vector<Person> customers(std::uint64_t seed) {
  Dice dice(seed ^ 0x5eedULL);
  std::vector<Person> out;
  for (const Name& name : kNames) {
    const Company& company = kCompanies.at(dice.below(kCompanies.size()));
    Person person{std::string(name.first),
                  std::string(name.last),
                  ascii_name(name.first) + "." + ascii_name(name.last) + "@" + std::string(company.domain),
                  std::string(company.name),
                  std::string(company.phone) + std::to_string(10 + dice.below(90)),
                  std::string(company.city),
                  out.size() % 3 != 2};  // two of three are known
    out.push_back(std::move(person));
  }
  return out;
}

std::vector<Mail> generate(const MailPlan& plan) { return Generator(plan).run(); }

void add_customers(Dataverse& organization, const std::vector<Person>& people) {
  std::map<std::string, std::string> accounts;
  for (const auto& person : people) {
    if (!person.in_crm || accounts.contains(person.company)) continue;
    const std::string domain = person.address.substr(person.address.find('@') + 1);
    accounts[person.company] = organization.add("accounts", {{"name", person.company},
                                                             {"emailaddress1", "info@" + domain},
                                                             {"telephone1", person.phone},
                                                             {"websiteurl", "https://www." + domain},
                                                             {"address1_city", person.city}});
  }
  for (const auto& person : people) {
    if (!person.in_crm) continue;
    organization.add("contacts",
                     {{"firstname", person.first},
                      {"lastname", person.last},
                      {"emailaddress1", person.address},
                      {"telephone1", person.phone},
                      {"address1_city", person.city},
                      {"parentcustomerid_account@odata.bind", "/accounts(" + accounts.at(person.company) + ")"}});
  }
}

}  // namespace syncline::sandbox
