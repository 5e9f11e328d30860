// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/socket_query.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <span>
#include <sys/socket.h>

namespace sluice::kernel {
namespace {

/// As much as the kernel puts into one part of an answer, at most.
constexpr size_t kPartBytes = 32768;

template <typename Struct>
std::optional<Struct> read_struct(std::span<const std::byte> bytes) {
    Struct result;
    if (bytes.size() < sizeof result)
        return std::nullopt;
    std::memcpy(&result, bytes.data(), sizeof result);
    return result;
}

}  // namespace

SocketQuery::Answer SocketQuery::read(uint8_t family, std::vector<Bound>& found) {
    alignas(nlmsghdr) std::array<std::byte, kPartBytes> part;
    const ssize_t count = socket_.is_open() || ask(family)
                              ? recv(socket_.number(), part.data(), part.size(), MSG_DONTWAIT)
                              : -1;
    Answer answer = count > 0 ? Answer::Part : Answer::Refused;
    std::span<const std::byte> rest(part.data(), count > 0 ? static_cast<size_t>(count) : 0);
    while (const auto header = read_struct<nlmsghdr>(rest)) {
        if (header->nlmsg_len < sizeof *header || header->nlmsg_len > rest.size() ||
            header->nlmsg_type == NLMSG_ERROR)
            answer = Answer::Refused;
        else if (header->nlmsg_type == NLMSG_DONE)
            answer = Answer::Last;
        if (answer != Answer::Part)
            break;
        if (const auto socket = read_struct<inet_diag_msg>(rest.subspan(NLMSG_HDRLEN)))
            found.push_back({std::to_array(socket->id.idiag_src), Be16{socket->id.idiag_sport}});
        rest = rest.subspan(std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), rest.size()));
    }
    if (answer != Answer::Part)
        socket_ = Descriptor();
    return answer;
}

bool SocketQuery::ask(uint8_t family) {
    struct {
        nlmsghdr header;
        inet_diag_req_v2 wanted;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.wanted.sdiag_family = family;
    request.wanted.sdiag_protocol = IPPROTO_TCP;
    request.wanted.idiag_states = 1U << TCP_LISTEN;  // with another beside it, all are looked at
    socket_ = Descriptor(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    return socket_.is_open() && send(socket_.number(), &request, sizeof request, 0) >= 0;
}

}  // namespace sluice::kernel
