#include "endpoint.hpp"

namespace syncline::exchange {

Mailbox::Mailbox(std::shared_ptr<Organization> organization, MailboxSettings mailbox, const Host& host)
    : organization_(std::move(organization)),
      session_(organization_->session(mailbox, host)),
      folders_(std::move(mailbox.folders)),
      items_(session_, folders_, organization_->addresses(), organization_->settings().crm_marks),
      mails_(session_, items_, organization_->settings().max_message_size),
      writer_(session_, folders_, items_, organization_->settings().crm_marks),
      changes_(session_, folders_, organization_->settings().sync_page) {}

Caps Mailbox::caps(std::string_view kind) {
  Caps out;
  if (!has(kind)) return out;
  out.flags = SY_IF_VERSION;
  out.fields = fields(kind);
  out.max_batch = static_cast<std::uint32_t>(organization_->settings().max_batch);
  if (kind != "email")
    out.flags |= SY_CAN_CREATE | SY_CAN_UPDATE | SY_CAN_DELETE | SY_TOKEN_FIND | SY_MARKS | SY_STATES;
  // Of a mail nothing but its mark is ever written, and that only for clients that show it.
  if (kind == "email" && organization_->settings().crm_marks) out.flags |= SY_MARKS | SY_STATES;
  return out;
}

void Mailbox::fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int depth,
                    const ItemSink& put) {
  if (!has(kind)) throw Error(SY_UNSUPPORTED, "this mailbox carries no items of the kind " + std::string(kind));
  const std::vector<std::string> wanted(ids.begin(), ids.end());
  if (kind == "email" && depth == SY_WHOLE) return mails_.fetch(call, wanted, put);
  items_.fetch(call, kind, wanted, [&](const std::string&, const ItemRead*, const Item& item) { return put(item); });
}

std::optional<Item> Mailbox::find(const Call& call, const Operation& create) {
  if (!has(create.kind) || create.kind == "email")
    throw Error(SY_UNSUPPORTED, "items of the kind " + create.kind + " are not made in this mailbox");
  return writer_.find(call, create);
}

void Mailbox::apply(const Call& call, std::span<const Operation> ops, const DoneSink& put) {
  for (std::size_t at = 0; at < ops.size();) {
    std::size_t n = 0;
    while (at + n < ops.size() && writes(ops[at + n])) ++n;
    if (n != 0) {
      writer_.carry_out(call, ops.subspan(at, n), [&](std::size_t i, const Done& done) { put(at + i, done); });
    } else {
      put(at, Done::failed(Error(SY_UNSUPPORTED, "items of the kind " + ops[at].kind + " are not written here")));
      n = 1;
    }
    at += n;
  }
}

bool Mailbox::writes(const Operation& op) {
  const std::uint32_t flags = caps(op.kind).flags;
  return op.verb == SY_MARK ? (flags & SY_STATES) != 0 : (flags & SY_CAN_CREATE) != 0;
}

PageEnd Mailbox::page(const Call& call, std::string_view feed, std::string_view cursor, const ItemSink& put) {
  return changes_.page(call, feed, cursor, put);
}

}  // namespace syncline::exchange
