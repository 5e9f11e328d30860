// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/netlink_batch.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string>
#include <sys/socket.h>

namespace sluice::kernel {
namespace {

constexpr size_t kAlignment = 4;  // NLMSG_ALIGNTO, NLA_ALIGNTO

/// The errors of the answers in `bytes`, 0 among them for what went well.
void read_answers(std::span<const uint8_t> bytes, unsigned& answers, int& error) {
    while (bytes.size() >= sizeof(nlmsghdr)) {
        nlmsghdr header;
        std::memcpy(&header, bytes.data(), sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size())
            return;
        if (header.nlmsg_type == NLMSG_ERROR) {
            int answer = 0;
            std::memcpy(&answer, bytes.data() + sizeof header, sizeof answer);
            if (error == 0)
                error = -answer;
            ++answers;
        }
        bytes = bytes.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), bytes.size()));
    }
}

}  // namespace

NetlinkBatch::NetlinkBatch(uint8_t family) : family_(family) {
    begin(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
}

void NetlinkBatch::begin(uint16_t type) {
    begin(static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type),
          NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK, family_, 0);
    ++answers_;
}

void NetlinkBatch::begin(uint16_t type, uint16_t flags, uint8_t family, uint16_t resource) {
    end();
    message_ = bytes_.size();
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    nfgenmsg netfilter{};
    netfilter.nfgen_family = family;
    netfilter.version = NFNETLINK_V0;
    netfilter.res_id = htons(resource);
    put(&header, sizeof header);
    put(&netfilter, sizeof netfilter);
}

/// Writes the last message's length.
void NetlinkBatch::end() {
    const auto bytes = static_cast<uint32_t>(bytes_.size() - message_);
    if (bytes != 0)
        std::memcpy(bytes_.data() + message_ + offsetof(nlmsghdr, nlmsg_len), &bytes, sizeof bytes);
}

void NetlinkBatch::add(uint16_t attribute, std::span<const uint8_t> value) {
    const size_t place = bytes_.size();
    const nlattr header{0, attribute};
    put(&header, sizeof header);
    set_length(place, sizeof header + value.size());
    put(value.data(), value.size());
}

void NetlinkBatch::add(uint16_t attribute, std::string_view text) {
    const std::string terminated(text);
    add(attribute,
        std::span(reinterpret_cast<const uint8_t*>(terminated.c_str()), terminated.size() + 1));
}

void NetlinkBatch::add(uint16_t attribute, uint32_t number) {
    const uint32_t ordered = htonl(number);
    add(attribute, std::span(reinterpret_cast<const uint8_t*>(&ordered), sizeof ordered));
}

void NetlinkBatch::open(uint16_t attribute) {
    open_.push_back(bytes_.size());
    const nlattr header{0, static_cast<uint16_t>(attribute | NLA_F_NESTED)};
    put(&header, sizeof header);
}

void NetlinkBatch::close() {
    set_length(open_.back(), bytes_.size() - open_.back());
    open_.pop_back();
}

void NetlinkBatch::put(const void* bytes, size_t count) {
    const auto* first = static_cast<const uint8_t*>(bytes);
    bytes_.insert(bytes_.end(), first, first + count);
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment);
}

void NetlinkBatch::set_length(size_t place, size_t bytes) {
    const auto length = static_cast<uint16_t>(bytes);
    std::memcpy(bytes_.data() + place + offsetof(nlattr, nla_len), &length, sizeof length);
}

Status NetlinkBatch::send(int socket) {
    begin(NFNL_MSG_BATCH_END, NLM_F_REQUEST, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    end();
    if (::send(socket, bytes_.data(), bytes_.size(), 0) < 0)
        return Error{std::strerror(errno)};
    int error = 0;
    std::array<uint8_t, 8192> answer;
    for (unsigned answers = 0; answers < answers_ && error == 0;) {
        const ssize_t bytes = recv(socket, answer.data(), answer.size(), 0);
        if (bytes < 0)
            return Error{std::strerror(errno)};
        read_answers(std::span(answer).first(static_cast<size_t>(bytes)), answers, error);
    }
    return error == 0 ? Status{Done{}} : Status{Error{std::strerror(error)}};
}

}  // namespace sluice::kernel
