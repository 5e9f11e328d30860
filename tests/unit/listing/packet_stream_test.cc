// SPDX-License-Identifier: BSD-3-Clause
#include "listing/packet_stream.h"

#include "catch.h"
#include "conntrack/tcp_state.h"

#include <cstring>

namespace packet_stream_test {

using namespace sluice;
using namespace sluice::listing;
using conntrack::TcpState;
using observe::PacketEntry;
using Form = PacketStreamParams::Form;

namespace {

class Streamed {
public:
    explicit Streamed(PacketStreamParams params) {
        params.interfaces = {{"lan", "inside", {}}, {"wan", "outside", {}}};
        params.application = "sluice 1";
        auto reader = watches_.open(params.wish);
        REQUIRE(reader);
        stream_ = std::make_unique<PacketStream>(std::move(*reader), std::move(params));
    }

    void see(unsigned count, const PacketEntry& told = {}, uint32_t captured = 4) {
        observe::PacketRing& ring = watches_.at(0)->rings[0];
        for (unsigned i = 0; i < count; ++i)
            if (PacketEntry* const entry = ring.reserve(captured)) {
                const uint32_t bytes = entry->bytes;
                *entry = told;
                entry->bytes = bytes;
                entry->captured = entry->length = captured;
            }
        ring.publish();
    }
    /// False when that was the last piece.
    bool next() { return stream_->next(piece); }

    std::string piece;

private:
    Grace grace_{1};
    observe::Watches watches_{grace_, 1};
    std::unique_ptr<PacketStream> stream_;
};

std::vector<uint32_t> types_of(const std::string& blocks) {
    std::vector<uint32_t> types;
    for (size_t at = 0; at < blocks.size();) {
        uint32_t head[2];
        REQUIRE(at + sizeof head <= blocks.size());
        std::memcpy(head, &blocks[at], sizeof head);
        REQUIRE(head[1] >= 12);
        types.push_back(head[0]);
        at += head[1];
    }
    return types;
}

constexpr uint32_t kSection = 0x0a0d0d0a;
using Types = std::vector<uint32_t>;

size_t count(const std::string& text, std::string_view word) {
    size_t found = 0;
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
        ++found;
    return found;
}

}  // namespace

TEST_CASE("packet stream: a capture begins with its interfaces, and ends with statistics",
          "[listing]") {
    Streamed stream({.form = Form::Pcapng, .count = 3});
    CHECK(stream.next());
    CHECK(types_of(stream.piece) == Types{kSection, 1, 1, 1});
    stream.see(2);
    CHECK(stream.next());
    CHECK(types_of(stream.piece) == Types{6, 6});
    CHECK(stream.next());
    CHECK(stream.piece.empty());
    stream.see(2);
    CHECK_FALSE(stream.next());
    CHECK(types_of(stream.piece) == Types{6, 5});
}

TEST_CASE("packet stream: a trace is text alone", "[listing]") {
    Streamed stream({});
    CHECK(stream.next());
    CHECK(stream.piece.empty());
    stream.see(2);
    CHECK(stream.next());
    CHECK(count(stream.piece, " worker 0") == 2);
}

TEST_CASE("packet stream: what was lost stands in it", "[listing]") {
    constexpr unsigned kMany = observe::PacketRing::kBytes / 4096;
    Streamed text({});
    text.see(kMany + 10, {}, 4096);
    CHECK(text.next());
    CHECK(count(text.piece, "[LOST] ") == 1);
    CHECK(text.next());
    CHECK(count(text.piece, "[LOST] ") == 0);

    Streamed capture({.form = Form::Pcapng});
    capture.see(kMany + 10, {}, 4096);
    CHECK(capture.next());
    CHECK(types_of(capture.piece).back() == 5);
    CHECK(count(capture.piece, "packets were lost: they came faster than they were read") == 1);
}

TEST_CASE("packet stream: it ends when its time is over", "[listing]") {
    Streamed stream({.time = std::chrono::seconds(0)});
    stream.see(1);
    CHECK_FALSE(stream.next());
    CHECK(count(stream.piece, " worker 0") == 1);
}

TEST_CASE("packet stream: what a port did not take is not told, nor another state", "[listing]") {
    Streamed stream({.state = TcpState::SynSent});
    PacketEntry entry;
    entry.has_flow = true;
    entry.flow[0].protocol = net::Protocol::Tcp;
    entry.state_after = static_cast<uint8_t>(TcpState::SynSent);
    stream.see(1, entry);
    entry.outcome = observe::Outcome::Void;
    stream.see(1, entry);
    entry.outcome = observe::Outcome::Sent;
    entry.state_after = static_cast<uint8_t>(TcpState::Close);
    stream.see(1, entry);
    stream.see(1);
    CHECK(stream.next());
    CHECK(count(stream.piece, " worker 0") == 1);
}

}  // namespace packet_stream_test
