// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/export.h"

namespace sluice::flowlog {

void Export::encode(std::span<const flow::JournalEntry> entries, const listing::TimeOfDay& clock,
                    std::vector<Message>& messages) const {
    // Each once: whom a number is of may be known no more the next time.
    std::vector<LogRecord> records;
    for (const flow::JournalEntry& entry : entries)
        if (params_.told.tells(entry))
            records.push_back(record_of(entry, params_.told));
    for (const Form form : forms_of(params_.told))
        encode_form(form, records, clock, messages);
}

void Export::encode_form(Form form, std::span<const LogRecord> records,
                         const listing::TimeOfDay& clock, std::vector<Message>& messages) const {
    constexpr int64_t kMillisecond = 1'000'000;
    const size_t room = record_bytes(form) + most_padding();
    bool is_open = false;
    const auto end_message = [&] {
        if (is_open)
            end(messages.back());
        is_open = false;
    };
    for (const LogRecord& record : records) {
        if (record.form != form)
            continue;
        if (is_open && messages.back().bytes.size() + room > params_.most_bytes)
            end_message();
        if (!is_open) {
            messages.push_back(begin(Message::Kind::Records, static_cast<uint16_t>(form)));
            messages.back().bytes.reserve(params_.most_bytes);
            is_open = true;
        }
        Message& message = messages.back();
        const int64_t time = clock.of(record.entry->time) / kMillisecond;
        message.count(time);
        put_record(message.bytes, record, time, params_.told);
    }
    end_message();
}

}  // namespace sluice::flowlog
