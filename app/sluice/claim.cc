// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/claim.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace sluice::app {
namespace {

constexpr std::string_view kSocketPrefix = "sluice/";

struct Address {
    sockaddr_un name{};
    socklen_t bytes = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

/// Who asks whose it is, is not accepted: so many get the answer.
constexpr int kProbes = 4096;

/// An abstract name begins with a zero byte, and ends where its length says.
Address address_of(const std::string& resource) {
    Address address;
    address.name.sun_family = AF_UNIX;
    const std::string text = std::string(kSocketPrefix) + resource;
    const size_t length = std::min(text.size(), sizeof address.name.sun_path - 1);
    text.copy(address.name.sun_path + 1, length);
    address.bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
    return address;
}

/// " (process 4711)"; nothing where it cannot be known.
std::string holder(const Address& address) {
    const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ucred peer{};
    socklen_t bytes = sizeof peer;
    const bool is_known = probe && connect(probe.get(), address.get(), address.bytes) == 0 &&
                          getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
                          peer.pid > 0;
    return is_known ? " (process " + std::to_string(peer.pid) + ')' : "";
}

}  // namespace

Result<Claim> Claim::take(const std::string& resource, const std::string& subject) {
    const Address address = address_of(resource);
    Claim claim(Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    if (claim.socket_ && bind(claim.socket_.get(), address.get(), address.bytes) == 0 &&
        listen(claim.socket_.get(), kProbes) == 0)
        return claim;
    if (errno == EADDRINUSE)
        return Error{subject + ": another instance of sluice" + holder(address) + " has " +
                     resource + "; stop that one, or choose another port"};
    return Error{subject + ": " + resource + " cannot be claimed: " + std::strerror(errno)};
}

std::optional<std::string> claimed_resource(const io::PortName& port) {
    switch (port.kind) {
        case io::PortKind::Pci:
            return port.resource;
        case io::PortKind::AfPacket:
        case io::PortKind::AfXdp:
        case io::PortKind::Tap:
            break;
        case io::PortKind::Memif:
        case io::PortKind::Pcap:
        case io::PortKind::Vdev:
            return std::nullopt;
    }
    // An interface may have several names; the kernel knows which is its own.
    char own_name[IF_NAMESIZE];
    const unsigned index = if_nametoindex(port.interface.c_str());
    if (index == 0 || if_indextoname(index, own_name) == nullptr)
        return port.resource;
    return std::string("interface ") + own_name;
}

}  // namespace sluice::app
