// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A collector too simple to be wrong: reads messages by RFC 7011 or RFC 3954 alone, knowing of
/// templates only what messages have said.

#include "catch.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::flowlog::testing {

struct Record {
    unsigned set;
    std::map<unsigned, uint64_t> values;       ///< By element; of an address of 16 bytes the last.
    std::map<unsigned, uint64_t> before = {};  ///< Of these the first.

    uint64_t at(unsigned element) const {
        REQUIRE(values.contains(element));
        return values.at(element);
    }
    uint64_t low(unsigned element) const { return at(element); }
    uint64_t high(unsigned element) const {
        REQUIRE(before.contains(element));
        return before.at(element);
    }
};

class ExportReader {
public:
    /// Takes one message from the front of `bytes`; one of NetFlow 9 is all of them.
    void read(std::string_view& bytes) {
        REQUIRE(bytes.size() >= 16);
        if (number(bytes, 0, 2) == 9)
            return read_netflow9(bytes);
        const size_t length = number(bytes, 2, 2);
        REQUIRE(bytes.size() >= length);
        std::string_view message = bytes.substr(0, length);
        bytes.remove_prefix(length);
        REQUIRE(number(message, 0, 2) == 10);
        seconds = number(message, 4, 4);
        sequence = number(message, 8, 4);
        domain = number(message, 12, 4);
        message.remove_prefix(16);
        while (!message.empty())
            read_set(message);
        ++messages;
    }
    void read_all(std::string_view bytes) {
        while (!bytes.empty())
            read(bytes);
    }

    /// Records with this number, of all that were read.
    std::vector<Record> of(unsigned set) const {
        std::vector<Record> found;
        for (const Record& record : records)
            if (record.set == set)
                found.push_back(record);
        return found;
    }

    uint64_t seconds = 0;  // of the last message
    uint64_t uptime = 0;
    uint64_t sequence = 0;
    uint64_t domain = 0;
    unsigned messages = 0;
    unsigned templates = 0;
    std::vector<Record> records;

private:
    using Fields = std::vector<std::pair<unsigned, size_t>>;  // element, bytes

    static uint64_t number(std::string_view bytes, size_t at, size_t count) {
        REQUIRE(bytes.size() >= at + count);
        uint64_t value = 0;
        for (size_t i = 0; i < count; ++i)
            value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
        return value;
    }

    void read_netflow9(std::string_view& bytes) {
        is_netflow9_ = true;
        REQUIRE(bytes.size() >= 20);
        const size_t before = templates + records.size();
        uptime = number(bytes, 4, 4);
        seconds = number(bytes, 8, 4);
        sequence = number(bytes, 12, 4);
        domain = number(bytes, 16, 4);
        std::string_view message = bytes.substr(20);
        while (!message.empty())
            read_set(message);
        CHECK(templates + records.size() - before == number(bytes, 2, 2));
        ++messages;
        bytes = {};
    }

    void read_set(std::string_view& message) {
        const auto set = static_cast<unsigned>(number(message, 0, 2));
        const size_t length = number(message, 2, 2);
        REQUIRE(length >= 4);
        REQUIRE(message.size() >= length);
        std::string_view body = message.substr(4, length - 4);
        message.remove_prefix(length);
        const unsigned first = is_netflow9_ ? 0 : 2;
        if (set == first || set == first + 1)
            return read_templates(body, set != first);
        REQUIRE(fields_.contains(set));
        if (is_netflow9_)
            REQUIRE(length % 4 == 0);
        while (!body.empty() && !(is_netflow9_ && body.size() < 4))
            read_record(set, body);
        for (const char padding : body)
            REQUIRE(padding == 0);
    }

    void read_templates(std::string_view body, bool are_options) {
        const size_t head = are_options ? 6 : 4;
        while (body.size() >= 4) {  // less is padding
            const auto set = static_cast<unsigned>(number(body, 0, 2));
            size_t count = number(body, 2, 2);
            if (are_options && is_netflow9_)  // bytes of scopes, and of fields
                count = (count + number(body, 4, 2)) / 4;
            REQUIRE(set >= 256);
            body.remove_prefix(head);
            Fields& fields = fields_[set];
            fields.clear();
            for (size_t i = 0; i < count; ++i) {
                fields.emplace_back(number(body, 0, 2), number(body, 2, 2));
                REQUIRE(fields.back().first < 0x8000);  // of IANA
                body.remove_prefix(4);
            }
            ++templates;
        }
        for (const char padding : body)
            REQUIRE(padding == 0);
    }

    void read_record(unsigned set, std::string_view& body) {
        Record record{set, {}};
        for (const auto& [element, bytes] : fields_[set]) {
            const size_t last = std::min(bytes, sizeof(uint64_t));
            if (bytes > last)
                record.before[element] = number(body, 0, bytes - last);
            record.values[element] = number(body, bytes - last, last);
            body.remove_prefix(bytes);
        }
        records.push_back(std::move(record));
    }

    std::map<unsigned, Fields> fields_;
    bool is_netflow9_ = false;
};

}  // namespace sluice::flowlog::testing
