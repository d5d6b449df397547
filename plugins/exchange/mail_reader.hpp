// mail_reader.hpp: whole mails: the MIME text is gathered (a large one in a file without a name) and goes from there,
// part by part, into the spool. Memory does not grow with the message.
#pragma once

#include "item_reader.hpp"
#include "syncline/formats/base64.hpp"
#include "syncline/formats/raw_message.hpp"

namespace syncline::exchange {

/// Takes `<t:MimeContent>` out of an answer and decodes it. Public for its test.
class MimeFilter final : public BodyFilter {
 public:
  MimeFilter(formats::RawMessage& raw, std::uint64_t limit) : raw_(raw), limit_(limit) {}
  void begin() override;
  void piece(std::string_view bytes, std::string& rest) override;

  [[nodiscard]] bool found() const { return found_; }
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] bool oversize() const { return oversize_; }

 private:
  enum class State { OUTSIDE, TAG, CONTENT, REFERENCE };
  void content(std::string_view base64);
  void end_of_tag(std::string& rest);

  formats::RawMessage& raw_;
  const std::uint64_t limit_;
  State state_ = State::OUTSIDE;
  std::string tag_;  ///< what has come of a tag: "<t:MimeCon"
  formats::Base64Decoder decoder_;
  bool found_ = false, complete_ = false, oversize_ = false;
};

class MailReader {
 public:
  MailReader(Session& session, ItemReader& items, std::uint64_t limit)
      : session_(session), items_(items), limit_(limit) {}

  void fetch(const Call& call, std::span<const std::string> ids, const ItemSink& put);

 private:
  bool whole(const Call& call, const std::string& id, const ItemRead& head, const ItemSink& put);

  Session& session_;
  ItemReader& items_;
  const std::uint64_t limit_;
};

}  // namespace syncline::exchange
