// SPDX-License-Identifier: BSD-3-Clause
#include "helper/ftp.h"

#include <algorithm>
#include <charconv>

namespace sluice::helper {
namespace {

using Kind = FtpLine::Kind;

struct Verb {
    Speaker speaker;
    std::string_view word;  ///< With the blank behind it.
    Form form;
};

constexpr Verb kVerbs[] = {
    {Speaker::Client, "PORT ", Form::Numbers},
    {Speaker::Client, "EPRT ", Form::Extended},
    {Speaker::Server, "227 ", Form::Numbers},
    {Speaker::Server, "229 ", Form::PortOnly},
};
constexpr std::string_view kEncrypts = "234 ";

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool begins_with(std::string_view text, std::string_view word) {
    return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(),
                                                    [](char a, char b) { return a == upper(b); });
}

/// Reads one line from its front; a false step leaves it where it is.
class Reader {
public:
    explicit Reader(std::string_view line, size_t at) : line_(line), at_(at) {}

    size_t at() const { return at_; }
    bool is_over() const { return at_ >= line_.size(); }
    char look() const { return is_over() ? '\0' : line_[at_]; }
    void step() { ++at_; }
    bool take(char c) {
        if (look() != c || is_over())
            return false;
        ++at_;
        return true;
    }
    template <typename Wanted>
    void skip_to(Wanted is_wanted) {
        while (!is_over() && !is_wanted(line_[at_]))
            ++at_;
    }
    /// Of one digit to five.
    std::optional<uint32_t> number(uint32_t most) {
        constexpr size_t kMostDigits = 5;
        uint32_t value = 0;
        const size_t from = at_;
        while (at_ < line_.size() && is_digit(line_[at_]) && at_ - from < kMostDigits)
            value = value * 10 + static_cast<uint32_t>(line_[at_++] - '0');
        const bool is_one = at_ != from && value <= most && !is_digit(look());
        return is_one ? std::optional(value) : std::nullopt;
    }
    /// Four numbers of a byte each.
    std::optional<Be32> address(char between) {
        uint32_t value = 0;
        for (unsigned i = 0; i < 4; ++i) {
            const auto byte = i > 0 && !take(between) ? std::nullopt : number(255);
            if (!byte)
                return std::nullopt;
            value = value << 8 | *byte;
        }
        return Be32::from_host(value);
    }

private:
    std::string_view line_;
    size_t at_;
};

FtpLine malformed() {
    return {.kind = Kind::Malformed};
}

FtpLine read_numbers(Reader reader, Speaker speaker) {
    FtpLine line{.kind = Kind::Tells, .form = Form::Numbers};
    if (speaker == Speaker::Server)
        reader.skip_to(is_digit);
    else
        reader.skip_to([](char c) { return c != ' '; });
    line.begin = reader.at();
    line.address = reader.address(',');
    const auto high = line.address && reader.take(',') ? reader.number(255) : std::nullopt;
    const auto low = high && reader.take(',') ? reader.number(255) : std::nullopt;
    if (!low || reader.look() == ',')
        return malformed();
    line.port = static_cast<uint16_t>(*high << 8 | *low);
    line.end = reader.at();
    return line;
}

bool is_delimiter(char c) {
    return c >= '!' && c <= '~' && !is_digit(c);
}

/// |1|address|port|, or with nothing in the first two places.
FtpLine read_extended(Reader reader, Form form) {
    FtpLine line{.kind = Kind::Tells, .form = form};
    const bool has_address = form == Form::Extended;
    if (has_address)
        reader.skip_to([](char c) { return c != ' '; });
    else if (reader.skip_to([](char c) { return c == '('; }); !reader.take('('))
        return malformed();
    line.begin = reader.at();
    line.delimiter = reader.look();
    if (!is_delimiter(line.delimiter))
        return malformed();
    reader.step();
    if (has_address) {
        const auto protocol = reader.number(UINT16_MAX);
        if (!protocol || !reader.take(line.delimiter))
            return malformed();
        if (*protocol != 1)
            return {};  // of IPv6, or of whatever comes
        line.address = reader.address('.');
        if (!line.address)
            return malformed();
    } else if (!reader.take(line.delimiter)) {
        return malformed();
    }
    const auto port = reader.take(line.delimiter) ? reader.number(UINT16_MAX) : std::nullopt;
    if (!port || !reader.take(line.delimiter))
        return malformed();
    line.port = static_cast<uint16_t>(*port);
    line.end = reader.at();
    return line;
}

/// The first part of a line, of which the rest is to come, may be one that tells.
bool may_become(std::string_view part, std::string_view word) {
    const size_t known = std::min(part.size(), word.size());
    return !part.empty() && begins_with(part, word.substr(0, known));
}

}  // namespace

FtpLine read_ftp(Speaker speaker, std::string_view text) {
    const std::string_view seen = text.substr(0, kLongestLine);
    const size_t end = seen.find_first_of("\r\n");
    const bool is_whole = end != std::string_view::npos;
    if (!is_whole && text.size() > kLongestLine)
        return {};
    const std::string_view line = seen.substr(0, end);
    if (is_whole && speaker == Speaker::Server && begins_with(line, kEncrypts))
        return {.kind = Kind::Encrypts};
    for (const Verb& verb : kVerbs) {
        if (verb.speaker != speaker)
            continue;
        if (!is_whole && may_become(line, verb.word))
            return {.kind = Kind::Partial};
        if (!is_whole || !begins_with(line, verb.word))
            continue;
        const Reader reader(line, verb.word.size());
        return verb.form == Form::Numbers ? read_numbers(reader, speaker)
                                          : read_extended(reader, verb.form);
    }
    return {};
}

std::string_view write_ftp(const FtpLine& line, net::Endpoint endpoint,
                           std::array<char, kMostWritten>& memory) {
    char* at = memory.data();
    char* const end = at + memory.size();
    const auto put = [&](char c) { *at++ = c; };
    const auto number = [&](uint32_t value) { at = std::to_chars(at, end, value).ptr; };
    const uint32_t address = endpoint.address.host();
    const uint16_t port = endpoint.port.host();
    const auto put_address = [&](char between) {
        for (unsigned shift = 24;; shift -= 8) {
            number(address >> shift & 0xff);
            if (shift == 0)
                break;
            put(between);
        }
    };
    if (line.form == Form::Numbers) {
        put_address(',');
        put(',');
        number(port >> 8U);
        put(',');
        number(port & 0xffU);
        return {memory.data(), static_cast<size_t>(at - memory.data())};
    }
    put(line.delimiter);
    if (line.form == Form::Extended)
        put('1');
    put(line.delimiter);
    if (line.form == Form::Extended)
        put_address('.');
    put(line.delimiter);
    number(port);
    put(line.delimiter);
    return {memory.data(), static_cast<size_t>(at - memory.data())};
}

}  // namespace sluice::helper
