// SPDX-License-Identifier: BSD-3-Clause

// Control messages of PPTP. The first byte of an input says as whom the server knows calls, or that
// nothing is translated; the rest is a stream of messages, each behind a byte that says who speaks.
// What is to be put lies within its message, and is one of the two IDs of the client.

#include "helper/pptp.h"

#include "expect.h"

#include <algorithm>
#include <cstdint>
#include <span>

using namespace sluice;
using namespace sluice::helper;
using test::expect;

namespace {

void check(const PptpSession& session, const PptpMessage& message, const PptpSession::Heard& heard,
           std::span<const uint8_t> bytes, bool is_translated) {
    expect(message.bytes >= 16 && read_pptp(bytes.first(std::min(message.bytes, bytes.size()))));
    expect(heard.is_understood || (!heard.call_id && heard.deed == PptpSession::Deed::None));
    if (!heard.call_id)
        return;
    expect(is_translated && *heard.call_id + sizeof(uint16_t) <= bytes.size());
    expect(heard.by == session.ids().own || heard.by == session.ids().told);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0)
        return 0;
    const bool is_translated = (data[0] & 1) != 0;
    const auto told = is_translated ? std::optional(Be16::from_host(data[0])) : std::nullopt;
    std::span<const uint8_t> rest(data + 1, size - 1);
    PptpSession session;
    while (rest.size() > 1) {
        const Speaker speaker = (rest[0] & 1) != 0 ? Speaker::Server : Speaker::Client;
        rest = rest.subspan(1);
        const auto message = read_pptp(rest);
        if (!message)
            continue;
        const PptpSession::Heard heard = session.hear(speaker, *message, told);
        check(session, *message, heard, rest, is_translated);
        rest = rest.subspan(std::min(message->bytes, rest.size()));
    }
    return 0;
}
