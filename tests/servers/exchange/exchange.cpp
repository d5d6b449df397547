#include "exchange.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "../encode.hpp"
#include "../http_server.hpp"
#include "ews_operations.hpp"

namespace syncline::sandbox {

using namespace exchange;  // the store and its front

namespace {

using Action = ExchangeFault::Action;
using Clock = std::chrono::steady_clock;

constexpr std::array<std::string_view, 16> kVersions{
    "Exchange2007", "Exchange2007_SP1", "Exchange2009",     "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2",
    "Exchange2012", "Exchange2013",     "Exchange2013_SP1", "Exchange2015", "Exchange2016",     "V2015_10_05",
    "V2016_01_06",  "V2016_04_13",      "V2016_07_13",      "V2017_07_11"};

std::string envelope(const ExchangeProfile& profile, const std::string& body) {
  std::array<std::string, 4> build;
  std::size_t at = 0;
  for (const char c : profile.build) {
    if (c == '.')
      ++at;
    else
      build[std::min<std::size_t>(at, 3)] += c;
  }
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope "
         "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>"
         "<h:ServerVersionInfo MajorVersion=\"" +
         build[0] + "\" MinorVersion=\"" + build[1] + "\" MajorBuildNumber=\"" + build[2] + "\" MinorBuildNumber=\"" +
         build[3] + "\" Version=\"" + profile.schema +
         "\" xmlns:h=\"http://schemas.microsoft.com/exchange/services/2006/types\"/></s:Header>"
         "<s:Body xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
         "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">" +
         body + "</s:Body></s:Envelope>";
}

constexpr std::string_view kSpaces =
    " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\""
    " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"";

std::string answer_xml(const ExchangeProfile& profile, const std::string& operation, const std::string& messages) {
  return envelope(profile, "<m:" + operation + "Response" + std::string(kSpaces) + "><m:ResponseMessages>" + messages +
                               "</m:ResponseMessages></m:" + operation + "Response>");
}

Reply xml_reply(int status, std::string body) {
  return {status, {{"Content-Type", "text/xml; charset=utf-8"}}, std::move(body)};
}

Reply soap_fault(const ExchangeProfile& profile, const std::string& code, const std::string& text, int back_off_ms) {
  const std::string wait = back_off_ms <= 0
                               ? std::string()
                               : "<t:MessageXml xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\">"
                                 "<t:Value Name=\"BackOffMilliseconds\">" +
                                     std::to_string(back_off_ms) + "</t:Value></t:MessageXml>";
  return xml_reply(
      500,
      envelope(
          profile,
          "<s:Fault><faultcode xmlns:a=\"http://schemas.microsoft.com/exchange/services/2006/types\">a:" + code +
              "</faultcode><faultstring xml:lang=\"en-US\">" + xml_text(text) +
              "</faultstring><detail>"
              "<e:ResponseCode xmlns:e=\"http://schemas.microsoft.com/exchange/services/2006/errors\">" +
              code +
              "</e:ResponseCode><e:Message xmlns:e=\"http://schemas.microsoft.com/exchange/services/2006/errors\">" +
              xml_text(text) + "</e:Message>" + wait + "</detail></s:Fault>"));
}

/// The messages of the fault's answer, one for each thing that was asked for.
std::string error_messages(const std::string& operation, const std::string& code, int back_off_ms, std::size_t n) {
  const std::string wait = back_off_ms <= 0 ? std::string()
                                            : "<m:MessageXml><t:Value Name=\"BackOffMilliseconds\">" +
                                                  std::to_string(back_off_ms) + "</t:Value></m:MessageXml>";
  std::string out;
  for (std::size_t i = 0; i < std::max<std::size_t>(n, 1); ++i)
    out +=
        "<m:" + operation +
        "ResponseMessage ResponseClass=\"Error\"><m:MessageText>As the script says.</m:MessageText><m:ResponseCode>" +
        code + "</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>" + wait + "</m:" + operation +
        "ResponseMessage>";
  return out;
}

std::size_t things_in(const pugi::xml_node& node) {
  constexpr std::array<std::string_view, 9> kLists{"ItemIds",     "Items",           "ItemChanges",
                                                   "FolderIds",   "ParentFolderIds", "AttachmentIds",
                                                   "Attachments", "SourceIds",       "Folders"};
  for (const std::string_view list : kLists)
    if (const pugi::xml_node found = element(node, list)) return elements(found).size();
  return 1;
}

bool busy(const ExchangeFault& f) {
  return f.action == Action::FAULT || f.action == Action::HTTP || f.action == Action::REDIRECT;
}

}  // namespace

ExchangeProfile exchange_profile(const std::string& name) {
  ExchangeProfile out;
  out.name = name;
  if (name == "exchangeSE") out.build = "15.2.2562.17";
  if (name == "grommunio") {
    out.build = "15.0.847.4040";
    out.checks_versions = out.knows_time_zones = false;
  }
  if (name != "exchange2016" && name != "exchangeSE" && name != "grommunio")
    throw std::invalid_argument("there is no Exchange profile " + name);
  return out;
}

struct Exchange::Impl {
  explicit Impl(ExchangeOptions o)
      : options(std::move(o)), server({options.port, options.certificate, options.key, options.max_request}) {
    state.profile = options.profile;
    accounts[options.service] = options.service_password;
    server.start([this](const Call& call) { return serve(call); });
  }
  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    server.stop();
  }

  ExchangeOptions options;
  mutable std::mutex mutex;
  std::condition_variable changed;
  ExchangeState state;
  std::map<std::string, std::string> accounts;  // names and passwords
  std::vector<ExchangeFault> faults;
  std::vector<ExchangeRequest> requests;
  std::vector<std::pair<std::string, std::string>> held;  // mailbox and request, not yet landed
  std::map<std::string, std::size_t> active;              // requests under way, by mailbox
  std::function<void(const std::string&, bool, const std::string&)> traffic;
  std::uint64_t count = 0, stream_generation = 0, contact = 0;
  std::size_t open_streams = 0;
  bool stopping = false, silent = false;
  HttpServer server;

  Mailbox& box(const std::string& address) {
    const auto at = state.mailboxes.find(lower(address));
    if (at == state.mailboxes.end())
      throw EwsFaultError("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.");
    return at->second;
  }

  // Who is signed in; nothing: nobody.
  std::optional<std::string> signed_in(const Call& call) const {
    const std::string field = call.header("Authorization");
    if (!options.bearer.empty() && field == "Bearer " + options.bearer) return options.service;
    if (lower(field.substr(0, 6)) != "basic ") return std::nullopt;
    const std::string plain = from_base64(field.substr(6)).value_or("");
    const std::size_t colon = plain.find(':');
    if (colon == std::string::npos) return std::nullopt;
    const auto account = accounts.find(plain.substr(0, colon));
    if (account == accounts.end() || account->second != plain.substr(colon + 1)) return std::nullopt;
    return account->first;
  }

  std::optional<Reply> serve(const Call& call) {
    const std::string path = lower(call.target.substr(0, call.target.find('?')));
    if (path != "/ews/exchange.asmx") return Reply{404, {}, {}};
    std::string who;
    {
      const std::lock_guard lock(mutex);
      const auto user = signed_in(call);
      if (!user) {
        Reply refused{401, {{"WWW-Authenticate", "Basic realm=\"127.0.0.1\""}}, {}};
        if (!options.bearer.empty()) refused.headers.emplace_back("WWW-Authenticate", "Bearer");
        return refused;
      }
      who = *user;
    }
    if (call.method != "POST") return Reply{200, {{"Content-Type", "text/html"}}, "<html/>"};
    return request(who, call);
  }

  std::optional<Reply> request(const std::string& who, const Call& call) {
    pugi::xml_document document;
    const auto parsed =
        document.load_buffer(call.body.data(), call.body.size(), pugi::parse_default | pugi::parse_ws_pcdata_single);
    const pugi::xml_node root = document.document_element();
    if (!parsed || plain_name(root) != "Envelope") return Reply{400, {}, {}};
    const pugi::xml_node header = element(root, "Header");
    const auto parts = elements(element(root, "Body"));
    if (parts.size() != 1) return soap_fault(options.profile, "ErrorInvalidRequest", "The request is invalid.", 0);
    const pugi::xml_node node = parts.front();
    const std::string operation(plain_name(node));

    std::unique_lock lock(mutex);
    ExchangeRequest entry{++count, operation, {}, 200, {}, 0, false};
    if (traffic) traffic(operation, true, call.body);
    try {
      judge_version(header);
      entry.mailbox = mailbox_for(who, header, node);
      const std::optional<ExchangeFault> fault = meet(operation, entry.mailbox);
      if (fault) {
        if (auto reply = scripted(*fault, entry, call.body, node)) return *reply;
      }
      const Busy permit(*this, entry.mailbox);
      if (fault && fault->action == Action::SLOW) {
        lock.unlock();
        std::this_thread::sleep_for(fault->delay);
        lock.lock();
      }
      if (operation == "GetStreamingEvents") return stream(node, entry);
      if (operation == "GetServerTimeZones") return zones(entry);
      Operations operations(state, box(entry.mailbox));
      state.failing_item = fault && fault->action == Action::ITEM ? std::optional(fault->item) : std::nullopt;
      state.failing_code = fault ? fault->code : std::string();
      OperationResult result = operations.run(node);
      state.failing_item.reset();
      entry.items = result.messages;
      entry.code = result.code;
      std::string xml = answer_xml(options.profile, operation, result.xml);
      if (traffic) traffic(operation, false, xml);
      if (fault && fault->action == Action::DROP_AFTER) entry.status = 0;
      if (fault && fault->action == Action::CUT) xml.resize(xml.size() / 2);
      note(entry);
      if (entry.status == 0) return std::nullopt;
      return xml_reply(200, std::move(xml));
    } catch (const EwsError& e) {
      state.failing_item.reset();
      entry.status = 500;
      entry.code = e.code;
      note(entry);
      return soap_fault(options.profile, e.code, e.what(), e.code == "ErrorServerBusy" ? 200 : 0);
    } catch (const std::exception& e) {
      entry.status = 500;
      entry.code = "ErrorInternalServerError";
      note(entry);
      return soap_fault(options.profile, entry.code, e.what(), 0);
    }
  }

  /// A request of a mailbox under way, where only so many may be.
  struct Busy {
    Busy(Impl& owner, const std::string& mailbox) : impl(owner), address(mailbox) {
      if (impl.options.max_concurrent != 0 && impl.active[address] >= impl.options.max_concurrent)
        throw EwsFaultError("ErrorServerBusy", "The server cannot service this request right now. Try again later.");
      ++impl.active[address];
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { --impl.active[address]; }
    Impl& impl;
    const std::string address;
  };

  void judge_version(const pugi::xml_node& header) const {
    const pugi::xml_node wanted = element(header, "RequestServerVersion");
    if (!wanted) return;
    const std::string version = attribute_of(wanted, "Version");
    const auto at = std::find(kVersions.begin(), kVersions.end(), version);
    const auto highest = std::find(kVersions.begin(), kVersions.end(), options.profile.highest);
    if (at == kVersions.end() || (version.starts_with("Exchange") && at > highest))
      throw EwsFaultError("ErrorInvalidServerVersion", "The specified server version is invalid.");
  }

  std::string mailbox_for(const std::string& who, const pugi::xml_node& header, const pugi::xml_node& node) {
    const pugi::xml_node sid = element(element(header, "ExchangeImpersonation"), "ConnectingSID");
    if (sid) {
      if (who != options.service)
        throw EwsFaultError("ErrorImpersonateUserDenied",
                            "The account does not have permission to impersonate the requested user.");
      const std::string address = lower(elements(sid).front().text().get());
      static_cast<void>(box(address));
      return address;
    }
    // Without impersonation: the mailbox named in a folder's id, where rights allow it, else one's own.
    for (const auto& found : node.select_nodes("//*[local-name()='Mailbox']/*[local-name()='EmailAddress']")) {
      if (plain_name(found.node().parent().parent()) != "DistinguishedFolderId") continue;
      const std::string address = lower(found.node().text().get());
      if (state.mailboxes.contains(address) && (who == options.service || lower(who) == address)) return address;
    }
    for (const auto& [address, mailbox] : state.mailboxes)
      if (lower(who) == address) return address;
    if (plain_name(node) == "ConvertId" || plain_name(node) == "ResolveNames" ||
        plain_name(node) == "GetServerTimeZones")
      return state.mailboxes.empty() ? std::string() : state.mailboxes.begin()->first;
    const pugi::xml_node item = node.select_node("//*[@Id]").node();
    const std::string id = attribute_of(item, "Id");
    for (const auto& [address, mailbox] : state.mailboxes)
      if (who == options.service && (mailbox.item(id) != nullptr || mailbox.folder(id) != nullptr)) return address;
    throw EwsFaultError("ErrorNonExistentMailbox", "The account has no mailbox; impersonate one.");
  }

  std::optional<ExchangeFault> meet(const std::string& operation, const std::string& mailbox) {
    for (ExchangeFault& f : faults) {
      if ((!f.operation.empty() && f.operation != operation) || (!f.mailbox.empty() && lower(f.mailbox) != mailbox))
        continue;
      if (f.skip > 0) {
        --f.skip;
        continue;
      }
      if (f.count == 0) continue;
      if (f.count > 0) --f.count;
      return f;
    }
    return std::nullopt;
  }

  /// The answer that the script gives instead of the operation's; nullopt inside: closed. Nothing: it takes effect.
  std::optional<std::optional<Reply>> scripted(const ExchangeFault& f, ExchangeRequest entry, const std::string& body,
                                               const pugi::xml_node& node) {
    std::optional<Reply> reply;
    entry.status = 0;
    entry.code = busy(f) ? f.code : std::string();
    switch (f.action) {
      case Action::FAULT: reply = soap_fault(options.profile, f.code, "As the script says.", f.back_off_ms); break;
      case Action::MESSAGE:
        reply = xml_reply(200, answer_xml(options.profile, entry.operation,
                                          error_messages(entry.operation, f.code, f.back_off_ms, things_in(node))));
        entry.code = f.code;
        break;
      case Action::HTTP:
        reply = Reply{f.status, {{"Content-Type", "text/html"}}, "<html><body>Service Unavailable</body></html>"};
        if (f.retry_after >= 0) reply->headers.emplace_back("Retry-After", std::to_string(f.retry_after));
        if (f.status == 401) reply->headers.emplace_back("WWW-Authenticate", "Basic realm=\"127.0.0.1\"");
        break;
      case Action::REDIRECT: reply = Reply{302, {{"Location", f.location}}, "moved"}; break;
      case Action::NOT_XML: reply = xml_reply(200, "Service is warming up"); break;
      case Action::EMPTY: reply = xml_reply(200, answer_xml(options.profile, entry.operation, "")); break;
      case Action::LAND_LATER: held.emplace_back(entry.mailbox, body); break;
      case Action::DROP_BEFORE: break;
      default: return std::nullopt;
    }
    if (reply) entry.status = reply->status;
    note(entry);
    return reply;
  }

  void note(const ExchangeRequest& entry) {
    constexpr std::size_t kLogLimit = 200'000;
    requests.push_back(entry);
    if (requests.size() > kLogLimit) requests.erase(requests.begin(), requests.begin() + kLogLimit / 2);
  }

  std::optional<Reply> zones(ExchangeRequest& entry) {
    if (!options.profile.knows_time_zones)
      throw EwsFaultError("ErrorInvalidRequest", "GetServerTimeZones is not known.");
    note(entry);
    return xml_reply(
        200,
        answer_xml(
            options.profile, "GetServerTimeZones",
            "<m:GetServerTimeZonesResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>"
            "<m:TimeZoneDefinitions><t:TimeZoneDefinition Id=\"UTC\" Name=\"(UTC) Coordinated Universal Time\"/>"
            "</m:TimeZoneDefinitions></m:GetServerTimeZonesResponseMessage>"));
  }

  Reply stream(const pugi::xml_node& node, ExchangeRequest& entry) {
    demand_order(node, {"SubscriptionIds", "ConnectionTimeout"});
    const int minutes = element(node, "ConnectionTimeout").text().as_int();
    if (minutes < 1 || minutes > 30)
      throw EwsFaultError("ErrorSchemaValidation", "The 'ConnectionTimeout' element is invalid.");
    std::vector<std::string> ids;
    std::string dead;
    for (const pugi::xml_node& id : elements(element(node, "SubscriptionIds"))) {
      ids.emplace_back(id.text().get());
      if (!state.subscriptions.contains(ids.back())) dead += "<m:SubscriptionId>" + ids.back() + "</m:SubscriptionId>";
    }
    note(entry);
    if (!dead.empty())
      return xml_reply(
          200,
          answer_xml(options.profile, "GetStreamingEvents",
                     "<m:GetStreamingEventsResponseMessage ResponseClass=\"Error\"><m:MessageText>A subscription was "
                     "not found."
                     "</m:MessageText><m:ResponseCode>ErrorSubscriptionNotFound</m:ResponseCode><m:DescriptiveLinkKey>0"
                     "</m:DescriptiveLinkKey><m:ErrorSubscriptionIds>" +
                         dead + "</m:ErrorSubscriptionIds></m:GetStreamingEventsResponseMessage>"));
    Reply reply = xml_reply(200, {});
    reply.stream = [this, ids, until = Clock::now() + std::chrono::minutes(minutes)](const Reply::Sink& send) {
      events(ids, until, send);
    };
    return reply;
  }

  std::string stream_xml(const std::string& content, std::string_view status) const {
    return answer_xml(
        options.profile, "GetStreamingEvents",
        "<m:GetStreamingEventsResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>" +
            (content.empty() ? std::string() : "<m:Notifications>" + content + "</m:Notifications>") +
            (status.empty() ? std::string() : "<m:ConnectionStatus>" + std::string(status) + "</m:ConnectionStatus>") +
            "</m:GetStreamingEventsResponseMessage>");
  }

  /// Many whole envelopes, one after the other, for as long as the client wants.
  void events(const std::vector<std::string>& ids, Clock::time_point until, const Reply::Sink& send) {
    std::unique_lock lock(mutex);
    const std::uint64_t generation = stream_generation;
    ++open_streams;
    std::string out = stream_xml({}, "OK");
    auto next_status = Clock::now() + options.status_interval;
    while (!stopping && generation == stream_generation && Clock::now() < until) {
      for (const std::string& id : ids) {
        const auto s = state.subscriptions.find(id);
        if (s == state.subscriptions.end()) continue;
        if (const std::string n = notification(s->second, box(s->second.mailbox)); !n.empty()) out += stream_xml(n, {});
      }
      if (Clock::now() >= next_status) {
        next_status = Clock::now() + options.status_interval;
        std::string all;
        for (const std::string& id : ids)
          all += "<m:Notification><t:SubscriptionId>" + id + "</t:SubscriptionId><t:StatusEvent/></m:Notification>";
        out += stream_xml(all, {});
      }
      if (silent) out.clear();
      if (!out.empty()) {
        lock.unlock();
        const bool there = send(out);
        lock.lock();
        out.clear();
        if (!there) break;
        continue;  // what happened meanwhile
      }
      changed.wait_until(lock, std::min(next_status, until));
    }
    --open_streams;
    const bool closing = !stopping && generation == stream_generation;
    lock.unlock();
    if (closing) send(stream_xml({}, "Closed"));
  }

  /// What a person or another program does; errors are the caller's.
  template <class F>
  auto direct(const std::string& mailbox, F&& f) {
    const std::lock_guard lock(mutex);
    Operations operations(state, box(mailbox));
    return f(operations, box(mailbox));
  }
};

namespace {

pugi::xml_document parsed(const std::string& xml) {
  pugi::xml_document out;
  if (!out.load_buffer(xml.data(), xml.size())) throw std::invalid_argument("no XML: " + xml);
  return out;
}

const StoredFolder& folder_named(const Mailbox& mailbox, const std::string& name) {
  const StoredFolder* f = mailbox.distinguished(name);
  if (f == nullptr) f = mailbox.folder(name);
  if (f == nullptr) throw std::invalid_argument("there is no folder " + name);
  return *f;
}

StoredItem& item_named(Mailbox& mailbox, const std::string& id) {
  StoredItem* item = mailbox.item(id);
  if (item == nullptr) throw std::invalid_argument("there is no item " + id);
  return *item;
}

}  // namespace

Exchange::Exchange(ExchangeOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Exchange::~Exchange() = default;

const ExchangeOptions& Exchange::options() const { return impl_->options; }
std::uint16_t Exchange::port() const { return impl_->server.port(); }
std::string Exchange::host() const {
  return impl_->options.certificate.empty() ? "http://127.0.0.1:" + std::to_string(port())
                                            : "https://localhost:" + std::to_string(port());
}
std::string Exchange::url() const { return host() + "/EWS/Exchange.asmx"; }

void Exchange::add_mailbox(const std::string& address, const std::string& password, const std::string& display_name) {
  const std::lock_guard lock(impl_->mutex);
  const auto [at, fresh] = impl_->state.mailboxes.try_emplace(lower(address), address);
  if (!fresh) throw std::invalid_argument("the mailbox is there already");
  at->second.on_event = [impl = impl_.get()] { impl->changed.notify_all(); };
  impl_->state.names[lower(address)] = display_name.empty() ? address.substr(0, address.find('@')) : display_name;
  impl_->accounts[lower(address)] = password;
}

std::string Exchange::add(const std::string& mailbox, const std::string& folder, const std::string& xml) {
  return impl_->direct(mailbox, [&](Operations&, Mailbox& box) {
    const pugi::xml_document document = parsed(xml);
    StoredItem made = read_item(box, document.document_element());
    made.folder = folder_named(box, folder).id;
    return box.create(std::move(made)).id;
  });
}

void Exchange::edit(const std::string& mailbox, const std::string& id, const std::string& updates) {
  impl_->direct(mailbox, [&](Operations&, Mailbox& box) {
    const pugi::xml_document document = parsed("<t:Updates>" + updates + "</t:Updates>");
    StoredItem& item = item_named(box, id);
    const auto written = change_item(item, document.document_element());
    box.saved(item, written);
  });
}

void Exchange::remove(const std::string& mailbox, const std::string& id) {
  impl_->direct(mailbox, [&](Operations&, Mailbox& box) { box.remove(item_named(box, id).id); });
}

std::string Exchange::move(const std::string& mailbox, const std::string& id, const std::string& folder) {
  return impl_->direct(mailbox, [&](Operations&, Mailbox& box) {
    return box.move(item_named(box, id).id, folder_named(box, folder).id);
  });
}

std::string Exchange::deliver(const std::string& mailbox, const std::string& mime, const std::string& folder) {
  return impl_->direct(mailbox, [&](Operations&, Mailbox& box) {
    StoredItem item;
    item.item_class = "IPM.Note";
    item.mime = mime;
    read_mime(item);
    item.folder = folder_named(box, folder).id;
    item.set(by_tag(0x0E06), "SystemTime", now_utc());
    item.set(by_tag(0x0039), "SystemTime", now_utc());
    return box.create(std::move(item), true).id;
  });
}

void Exchange::stamp(const std::string& mailbox, const std::string& id, const std::string& received) {
  impl_->direct(mailbox,
                [&](Operations&, Mailbox& box) { item_named(box, id).set(by_tag(0x0E06), "SystemTime", received); });
}

std::string Exchange::add_folder(const std::string& mailbox, const std::string& parent, const std::string& name,
                                 const std::string& item_class) {
  return impl_->direct(mailbox, [&](Operations&, Mailbox& box) {
    return box.add_folder(folder_named(box, parent).id, name, item_class).id;
  });
}

std::string Exchange::item(const std::string& mailbox, const std::string& id, const std::string& paths) const {
  return impl_->direct(mailbox, [&](Operations&, Mailbox& box) {
    const StoredItem* found = box.item(id);
    if (found == nullptr) return std::string();
    const pugi::xml_document shape =
        parsed("<m:ItemShape><t:BaseShape>AllProperties</t:BaseShape><t:AdditionalProperties>" + paths +
               "</t:AdditionalProperties></m:ItemShape>");
    return item_xml(box, *found, read_shape(shape.document_element()));
  });
}

std::vector<std::string> Exchange::items(const std::string& mailbox, const std::string& folder) const {
  return impl_->direct(mailbox, [&](Operations&, Mailbox& box) {
    std::vector<std::string> out;
    for (const StoredItem* i : box.items(folder_named(box, folder).id)) out.push_back(i->id);
    return out;
  });
}

std::size_t Exchange::invitations() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->state.invitations;
}

std::vector<ExchangeRequest> Exchange::log() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

void Exchange::clear_log() {
  const std::lock_guard lock(impl_->mutex);
  impl_->requests.clear();
}

void Exchange::add_fault(ExchangeFault fault) {
  const std::lock_guard lock(impl_->mutex);
  impl_->faults.push_back(std::move(fault));
}

void Exchange::clear_faults() {
  const std::lock_guard lock(impl_->mutex);
  impl_->faults.clear();
}

std::size_t Exchange::land() {
  const std::lock_guard lock(impl_->mutex);
  std::size_t n = 0;
  for (const auto& [mailbox, body] : std::exchange(impl_->held, {})) {
    const pugi::xml_document document = parsed(body);
    const pugi::xml_node node = elements(element(document.document_element(), "Body")).front();
    ExchangeRequest entry{++impl_->count, std::string(plain_name(node)), mailbox, 200, {}, 0, true};
    try {
      const OperationResult result = Operations(impl_->state, impl_->box(mailbox)).run(node);
      entry.items = result.messages;
      entry.code = result.code;
      ++n;
    } catch (const EwsError& e) {
      entry.code = e.code;
    }
    impl_->note(entry);
  }
  return n;
}

void Exchange::forget_states() {
  const std::lock_guard lock(impl_->mutex);
  ++impl_->state.oldest_state;
}

void Exchange::rehome(const std::string& mailbox) {
  const std::lock_guard lock(impl_->mutex);
  impl_->box(mailbox).rehome();
}

void Exchange::drop_streams() {
  {
    const std::lock_guard lock(impl_->mutex);
    ++impl_->stream_generation;
  }
  impl_->changed.notify_all();
}

void Exchange::silence_streams(bool on) {
  const std::lock_guard lock(impl_->mutex);
  impl_->silent = on;
}

std::size_t Exchange::streams() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->open_streams;
}

void Exchange::on_traffic(std::function<void(const std::string&, bool, const std::string&)> f) {
  const std::lock_guard lock(impl_->mutex);
  impl_->traffic = std::move(f);
}

}  // namespace syncline::sandbox
