// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/export.h"

namespace sluice::flowlog {
namespace {

/// Whose losses are told: of the one exporting process (IPFIX), of the one system (NetFlow 9).
constexpr uint32_t kLossScope = 1;

}  // namespace

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

Message Export::losses(uint64_t total, const Period& period) const {
    Message message = begin(Message::Kind::Losses, kLossForm);
    message.records = 1;
    message.period = period;
    put(message.bytes, kLossScope);
    put(message.bytes, total);
    put(message.bytes, static_cast<uint64_t>(period.first));
    put(message.bytes, static_cast<uint64_t>(period.last));
    end(message);
    return message;
}

}  // namespace sluice::flowlog
