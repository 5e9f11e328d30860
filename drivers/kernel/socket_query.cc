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

/// The kernel ends what it could not tell to the end, or at all, by the number of an error.
bool is_good_end(std::span<const std::byte> content) {
    return read_struct<int32_t>(content).value_or(0) >= 0;
}

}  // namespace

SocketQuery::Answer SocketQuery::read(uint8_t family, std::vector<Bound>& found) {
    alignas(nlmsghdr) std::array<std::byte, kPartBytes> part;
    const ssize_t count =
        socket_ || ask(family) ? recv(socket_.get(), part.data(), part.size(), MSG_DONTWAIT) : -1;
    const Answer answer = count > 0
                              ? read_part(std::span(part).first(static_cast<size_t>(count)), found)
                              : Answer::Refused;
    if (answer != Answer::Part)
        socket_ = Descriptor();
    return answer;
}

SocketQuery::Answer SocketQuery::read_part(std::span<const std::byte> part,
                                           std::vector<Bound>& found) {
    while (const auto header = read_struct<nlmsghdr>(part)) {
        if (header->nlmsg_len < sizeof *header || header->nlmsg_len > part.size() ||
            header->nlmsg_type == NLMSG_ERROR)
            return Answer::Refused;
        const auto content = part.first(header->nlmsg_len).subspan(NLMSG_HDRLEN);
        if (header->nlmsg_type == NLMSG_DONE)
            return is_good_end(content) ? Answer::Last : Answer::Refused;
        if (const auto socket = read_struct<inet_diag_msg>(content))
            found.push_back({std::to_array(socket->id.idiag_src), Be16{socket->id.idiag_sport}});
        part = part.subspan(std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), part.size()));
    }
    return Answer::Part;
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
    return socket_ && send(socket_.get(), &request, sizeof request, 0) >= 0;
}

}  // namespace sluice::kernel
