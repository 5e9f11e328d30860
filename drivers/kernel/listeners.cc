// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/listeners.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <iterator>
#include <memory>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sluice::kernel {
namespace {

using net::Protocol;
using std::string_view;

constexpr size_t kPieceBytes = 4096;
constexpr size_t kWordDigits = 8;
constexpr Be32 kMapped = Be32::from_host(0xffff);  // the third word of ::ffff:0:0/96

struct List {
    const char* name;
    Protocol protocol;
    uint8_t family;
    uint8_t state;  // of sockets that wait for whomever
};
constexpr List kAllLists[] = {
    {"tcp", Protocol::Tcp, AF_INET, 0x0a},    // TCP_LISTEN
    {"tcp6", Protocol::Tcp, AF_INET6, 0x0a},  // those of :: take IPv4 as well, as a rule
    {"udp", Protocol::Udp, AF_INET, 0x07},    // TCP_CLOSE: not connected
    {"udp6", Protocol::Udp, AF_INET6, 0x07},
};

template <typename Number>
std::optional<Number> read_hex(string_view text) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

/// The word of a line that begins at `at`, behind blanks; `at` is moved behind it.
string_view next_word(string_view line, size_t& at) {
    at = std::min(line.find_first_not_of(' ', at), line.size());
    const size_t first = std::exchange(at, std::min(line.find(' ', at), line.size()));
    return line.substr(first, at - first);
}

using Words = std::array<uint32_t, 4>;  // of an address, as the machine reads them

/// By which IPv4 comes to an IPv6 socket; nothing for one of IPv6 alone.
std::optional<Be32> ipv4_of(const Words& words) {
    const bool is_any = words == Words{};
    const bool is_mapped = words[0] == 0 && words[1] == 0 && words[2] == kMapped.raw;
    return is_any || is_mapped ? std::optional(Be32{words[3]}) : std::nullopt;
}

std::optional<Be32> read_address(string_view text) {
    Words words{};
    const size_t count = text.size() / kWordDigits;
    if (text.size() % kWordDigits != 0 || (count != 1 && count != words.size()))
        return std::nullopt;
    for (size_t i = 0; i < count; ++i) {
        const auto word = read_hex<uint32_t>(text.substr(i * kWordDigits, kWordDigits));
        if (!word)
            return std::nullopt;
        words[i] = *word;
    }
    return count == 1 ? Be32{words[0]} : ipv4_of(words);
}

struct Line {
    std::optional<Be32> address;
    uint16_t port;
    uint8_t state;
};

/// "0: 0100007F:0016 00000000:0000 0A …"; nothing for a heading.
std::optional<Line> read_line(string_view line) {
    size_t at = 0;
    next_word(line, at);
    const string_view own = next_word(line, at);
    next_word(line, at);
    const auto state = read_hex<uint8_t>(next_word(line, at));
    const size_t colon = own.find(':');
    if (!state || colon == string_view::npos)
        return std::nullopt;
    const auto port = read_hex<uint16_t>(own.substr(colon + 1));
    if (!port)
        return std::nullopt;
    return Line{read_address(own.substr(0, colon)), *port, *state};
}

}  // namespace

Listeners::Listeners(Notice notice)
    : Listeners(
          "/proc/self/net",
          [query = std::make_shared<SocketQuery>()](uint8_t family, std::vector<Bound>& found) {
              return query->read(family, found);
          },
          std::move(notice)) {}

Listeners::Listeners(std::string folder, Ask ask, Notice notice)
    : folder_(std::move(folder)), ask_(std::move(ask)), notice_(std::move(notice)) {
    static_assert(std::size(kAllLists) == kLists);
}

bool Listeners::read(std::vector<io::Listener>& found) {
    if (!file_) {
        const auto answer = ask();
        if (answer != SocketQuery::Answer::Refused)
            return answer == SocketQuery::Answer::Last && go_on(true, found);
        coming_.clear();  // what was told before the refusal stands in the list as well
        rest_.clear();
        const std::string path = folder_ + '/' + kAllLists[list_].name;
        file_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file_)
            return go_on(errno == ENOENT, found);
    }
    std::array<char, kPieceBytes> piece;
    const ssize_t bytes = ::read(file_.get(), piece.data(), piece.size());
    if (bytes > 0 && take({piece.data(), static_cast<size_t>(bytes)}))
        return false;
    file_ = Descriptor();
    return go_on(bytes >= 0, found);
}

/// To the next list; true when that is the first one again. Of one that has not been read to its
/// end those are found that it had before.
bool Listeners::go_on(bool is_whole, std::vector<io::Listener>& found) {
    if (is_whole)
        last_[list_].swap(coming_);
    coming_.clear();
    found.insert(found.end(), last_[list_].begin(), last_[list_].end());
    list_ = (list_ + 1) % kLists;
    return list_ == 0;
}

/// Who refuses at first has no answers, and each question would have the kernel look for a module
/// that has.
SocketQuery::Answer Listeners::ask() {
    const List& list = kAllLists[list_];
    if (ask_ == nullptr || list.protocol != Protocol::Tcp)
        return SocketQuery::Answer::Refused;
    std::vector<Bound> sockets;
    const SocketQuery::Answer answer = ask_(list.family, sockets);
    has_answered_ |= answer != SocketQuery::Answer::Refused;
    if (!has_answered_) {
        ask_ = nullptr;
        if (notice_)
            notice_(
                "the kernel does not say by sock_diag(7) on which TCP ports it listens "
                "(CONFIG_INET_DIAG): they are read from /proc/net/tcp and tcp6, where each look "
                "takes the control core longer (--twin-ports)");
    }
    for (const Bound& bound : sockets)
        if (const auto address =
                list.family == AF_INET ? Be32{bound.address[0]} : ipv4_of(bound.address))
            coming_.push_back({list.protocol, {*address, bound.port}});
    return answer;
}

/// False when no more of this list is wanted.
bool Listeners::take(string_view piece) {
    const List& list = kAllLists[list_];
    rest_ += piece;
    size_t first = 0;
    for (size_t end = 0; (end = rest_.find('\n', first)) != std::string::npos; first = end + 1) {
        const auto line = read_line(string_view(rest_).substr(first, end - first));
        if (!line)
            continue;
        if (line->state == list.state && line->address)
            coming_.push_back({list.protocol, {*line->address, Be16::from_host(line->port)}});
        if (line->state != list.state && list.protocol == Protocol::Tcp)
            return false;
    }
    rest_.erase(0, first);
    return true;
}

}  // namespace sluice::kernel
