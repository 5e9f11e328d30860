// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/listeners.h"

#include "catch.h"
#include "listening.h"
#include "temporary_directory.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace listeners_test {

using namespace sluice;
using namespace sluice::test;
using io::Listener;
using kernel::Bound;
using kernel::Listeners;
using kernel::SocketQuery;
using net::Protocol;

namespace {

constexpr Be32 kOwn = Be32::from_host(0xc6336401);  // 198.51.100.1
constexpr unsigned kListens = 0x0a;
constexpr unsigned kUnconnected = 0x07;
constexpr unsigned kConnected = 0x01;

/// All of them, in so many calls.
std::vector<Listener> read_all(Listeners& listeners, unsigned* calls = nullptr) {
    std::vector<Listener> found;
    unsigned count = 1;
    while (!listeners.read(found)) {
        ++count;
        REQUIRE(count < 10000);
    }
    if (calls != nullptr)
        *calls = count;
    return found;
}

/// The kernel's lists, as a test writes them.
class Folder : public TemporaryDirectory {
public:
    void write(const std::string& list, const std::string& lines) const {
        std::ofstream(file(list))
            << "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
            << lines;
    }
};

std::string line(const std::string& address, uint16_t port, unsigned state) {
    char text[256];
    std::snprintf(text, sizeof text,
                  "   0: %s:%04X 00000000:0000 %02X 00000000:00000000 00:00000000 00000000     0   "
                  "     0 12345 1 0000000000000000 100 0 0 10 0\n",
                  address.c_str(), port, state);
    return text;
}

/// Words of addresses stand as this machine has them.
std::string word(Be32 address) {
    char text[16];
    std::snprintf(text, sizeof text, "%08X", address.raw);
    return text;
}

Listener at(Protocol protocol, Be32 address, uint16_t port) {
    return {protocol, {address, Be16::from_host(port)}};
}

const std::string kZeroes(8, '0');

/// A kernel that tells of two ports of IPv4, each in a part, and of none of IPv6.
struct Kernel {
    bool refuses = false;     // at once
    bool breaks_off = false;  // behind the first part
    unsigned parts = 0;       // that have been told since the last end
    unsigned refusals = 0;

    SocketQuery::Answer tell(uint8_t family, std::vector<Bound>& found) {
        if (refuses || (breaks_off && parts == 1)) {
            parts = 0;
            ++refusals;
            return SocketQuery::Answer::Refused;
        }
        if (family == AF_INET6)
            return SocketQuery::Answer::Last;
        found.push_back({{kOwn.raw}, Be16::from_host(parts == 0 ? 22 : 80)});
        parts = (parts + 1) % 2;
        return parts == 0 ? SocketQuery::Answer::Last : SocketQuery::Answer::Part;
    }
    Listeners::Ask asked() {
        return [this](uint8_t family, std::vector<Bound>& found) { return tell(family, found); };
    }
};

}  // namespace

TEST_CASE("listeners: sockets that take what anybody sends are found, others are not", "[kernel]") {
    const Folder folder;
    folder.write("tcp", line(word(kOwn), 22, kListens) + line(kZeroes, 8080, kListens) +
                            line(word(kOwn), 22, kConnected) + line(kZeroes, 9, kListens));
    folder.write("udp", line(kZeroes, 53, kUnconnected) + line(word(kOwn), 40000, kConnected) +
                            line(word(kOwn), 123, kUnconnected));
    Listeners listeners(folder.path());
    CHECK(read_all(listeners) == std::vector{at(Protocol::Tcp, kOwn, 22),
                                             at(Protocol::Tcp, {}, 8080), at(Protocol::Udp, {}, 53),
                                             at(Protocol::Udp, kOwn, 123)});
    folder.write("tcp", "");
    std::filesystem::remove(folder.file("udp"));
    CHECK(read_all(listeners).empty());  // it is asked anew
}

TEST_CASE("listeners: of those of IPv6 some take IPv4 as well", "[kernel]") {
    const Folder folder;
    const std::string mapped = kZeroes + kZeroes + word(Be32::from_host(0xffff)) + word(kOwn);
    const std::string only = word(Be32::from_host(0x20010db8)) + kZeroes + kZeroes + word(kOwn);
    folder.write("tcp6", line(only, 80, kListens) + line(mapped, 443, kListens) +
                             line(kZeroes + kZeroes + kZeroes + kZeroes, 22, kListens));
    Listeners listeners(folder.path());
    CHECK(read_all(listeners) ==
          std::vector{at(Protocol::Tcp, kOwn, 443), at(Protocol::Tcp, {}, 22)});
}

TEST_CASE("listeners: a long list is read in pieces, and no line is lost between them",
          "[kernel]") {
    const Folder folder;
    std::string lines;
    for (uint16_t port = 1; port <= 300; ++port)
        lines += line(kZeroes, port, kUnconnected);
    folder.write("udp", lines);
    Listeners listeners(folder.path());
    unsigned calls = 0;
    const std::vector<Listener> found = read_all(listeners, &calls);
    REQUIRE(found.size() == 300);
    for (uint16_t port = 1; port <= 300; ++port)
        CHECK(found[port - 1U] == at(Protocol::Udp, {}, port));
    CHECK(calls > lines.size() / 4096);
}

TEST_CASE("listeners: what is no line of a socket is passed over", "[kernel]") {
    const Folder folder;
    folder.write("tcp", "\n0: 0A\n0: 000000:0016 00000000:0000 0A\n" +
                            line("ZZZZZZZZ", 1, kListens) + line(kZeroes, 22, kListens) +
                            "0: 00000000:0017 00000000:0000 0A");
    Listeners listeners(folder.path());
    CHECK(read_all(listeners) == std::vector{at(Protocol::Tcp, {}, 22)});
}

TEST_CASE("listeners: where the kernel breaks off its answer, its list is read, and nothing twice",
          "[kernel]") {
    const Folder folder;
    folder.write("tcp", line(word(kOwn), 22, kListens) + line(word(kOwn), 443, kListens));
    Kernel kernel;
    Listeners listeners(folder.path(), kernel.asked());
    const std::vector told{at(Protocol::Tcp, kOwn, 22), at(Protocol::Tcp, kOwn, 80)};
    CHECK(read_all(listeners) == told);
    kernel.breaks_off = true;
    CHECK(read_all(listeners) ==
          std::vector{at(Protocol::Tcp, kOwn, 22), at(Protocol::Tcp, kOwn, 443)});
    CHECK(kernel.refusals == 1);
    kernel.breaks_off = false;
    CHECK(read_all(listeners) == told);  // it is asked anew
}

TEST_CASE("listeners: a list that cannot be read is as it was when it could", "[kernel]") {
    const Folder folder;
    folder.write("udp", line(kZeroes, 53, kUnconnected));
    Kernel kernel;
    Listeners listeners(folder.path(), kernel.asked());
    const std::vector<Listener> before = read_all(listeners);
    CHECK(before.size() == 3);
    kernel.breaks_off = true;
    for (const char* list : {"/tcp", "/udp"}) {
        std::filesystem::remove(folder.path() + list);
        std::filesystem::create_directory(folder.path() + list);  // opens, and is not read
    }
    CHECK(read_all(listeners) == before);
}

TEST_CASE("listeners: a kernel that has never answered is asked once, which is told once",
          "[kernel]") {
    const Folder folder;
    folder.write("tcp", line(word(kOwn), 22, kListens));
    Kernel kernel;
    kernel.refuses = true;
    unsigned notices = 0;
    Listeners listeners(folder.path(), kernel.asked(), [&](const std::string&) { ++notices; });
    for (int i = 0; i < 2; ++i)
        CHECK(read_all(listeners) == std::vector{at(Protocol::Tcp, kOwn, 22)});
    CHECK(kernel.refusals == 1);
    CHECK(notices == 1);
}

TEST_CASE("listeners: the kernel's own are asked for", "[kernel]") {
    const Listening server;
    const Connected client(server);
    Listeners listeners;
    for (int i = 0; i < 2; ++i) {  // it is asked anew
        const std::vector<Listener> found = read_all(listeners);
        CHECK(std::ranges::count(found, at(Protocol::Tcp, kLoopback, server.port().host())) == 1);
        CHECK(std::ranges::count(found, at(Protocol::Tcp, kLoopback, client.port().host())) == 0);
    }
}

}  // namespace listeners_test
