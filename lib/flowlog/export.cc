// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/export.h"

namespace sluice::flowlog {

void Export::encode(std::span<const flow::JournalEntry> entries, const listing::TimeOfDay& clock,
                    std::vector<Message>& messages) const {
    for (const Form form : kForms)
        encode_form(form, entries, clock, messages);
}

void Export::encode_form(Form form, std::span<const flow::JournalEntry> entries,
                         const listing::TimeOfDay& clock, std::vector<Message>& messages) const {
    constexpr int64_t kMillisecond = 1'000'000;
    const size_t room = record_bytes(form) + most_padding();
    bool is_open = false;
    const auto end_message = [&] {
        if (is_open)
            end(messages.back());
        is_open = false;
    };
    for (const flow::JournalEntry& entry : entries) {
        if (!params_.told.tells(entry) || form_of(entry) != form)
            continue;
        if (is_open && messages.back().bytes.size() + room > params_.most_bytes)
            end_message();
        if (!is_open) {
            messages.push_back(begin(Message::Kind::Records, static_cast<uint16_t>(form)));
            messages.back().bytes.reserve(params_.most_bytes);
            is_open = true;
        }
        Message& message = messages.back();
        const int64_t time = clock.of(entry.time) / kMillisecond;
        message.count(time);
        put_record(message.bytes, entry, time, params_.told);
    }
    end_message();
}

}  // namespace sluice::flowlog
