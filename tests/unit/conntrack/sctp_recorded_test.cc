// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "conntrack/tracker.h"
#include "sctp/packet.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace sctp_recorded_test {

// Replays the kernel's answers that scripts/differential --record has written; the file says how to
// read it.

using namespace sluice;
using namespace sluice::conntrack;
using enum SctpState;
using net::Direction;

namespace {

const std::map<SctpState, std::string> kInitials = {
    {Closed, "CL"},       {CookieWait, "CW"},   {CookieEchoed, "CE"},   {Established, "ES"},
    {ShutdownSent, "SS"}, {ShutdownRecd, "SR"}, {ShutdownAckSent, "SA"}};

/// Number, and bytes behind the four of its head.
struct ChunkKind {
    uint8_t number;
    uint8_t bytes;
};

const std::map<std::string, ChunkKind> kChunks = {{"DATA", {0, 16}},
                                                  {"INIT", {1, 16}},
                                                  {"INIT_ACK", {2, 24}},
                                                  {"SACK", {3, 12}},
                                                  {"HEARTBEAT", {4, 8}},
                                                  {"HEARTBEAT_ACK", {5, 8}},
                                                  {"ABORT", {6, 0}},
                                                  {"SHUTDOWN", {7, 4}},
                                                  {"SHUTDOWN_ACK", {8, 0}},
                                                  {"ERROR", {9, 0}},
                                                  {"COOKIE_ECHO", {10, 4}},
                                                  {"COOKIE_ACK", {11, 0}},
                                                  {"SHUTDOWN_COMPLETE", {14, 0}}};

/// Those that Linux lets open a flow, or pass with any tag (docs/differences.md).
const std::set<std::string> kLetIn = {"HEARTBEAT", "HEARTBEAT_ACK", "SHUTDOWN_ACK"};

constexpr Duration kAgeing = Duration::seconds(5);

void put(std::vector<uint8_t>& bytes, size_t at, uint32_t number) {
    for (size_t i = 0; i < 4; ++i)
        bytes[at + i] = static_cast<uint8_t>(number >> (24 - 8 * i));
}

/// A line of the record.
struct Line {
    Direction direction;
    std::string chunks;
    std::vector<uint8_t> bytes;
    std::string answer;  // from its mark on

    explicit Line(const std::string& text) : bytes(sctp::kHeaderBytes) {
        const size_t mark = text.find_last_of(":!");
        answer = text.substr(mark);
        std::istringstream words(text.substr(0, mark));
        std::string word;
        words >> word;
        direction = word[0] == 'o' ? Direction::Original : Direction::Reply;
        chunks = word.substr(1);
        uint32_t initiate_tag = 0;
        bool reflects = false;
        while (words >> word) {
            if (word[0] == 't')
                put(bytes, 4, static_cast<uint32_t>(std::stoul(word.substr(1))));
            else if (word[0] == 'i')
                initiate_tag = static_cast<uint32_t>(std::stoul(word.substr(1)));
            else
                reflects = true;
        }
        std::istringstream names(chunks);
        for (std::string name; std::getline(names, name, '+');)
            add(kChunks.at(name), initiate_tag, reflects);
    }

private:
    void add(const ChunkKind& kind, uint32_t initiate_tag, bool reflects) {
        const size_t at = bytes.size();
        bytes.resize(at + sctp::kChunkHeaderBytes + kind.bytes);
        bytes[at] = kind.number;
        bytes[at + 1] = reflects ? 1 : 0;
        bytes[at + 3] = static_cast<uint8_t>(sctp::kChunkHeaderBytes + kind.bytes);
        if (kind.number == 1 || kind.number == 2)
            put(bytes, at + sctp::kChunkHeaderBytes, initiate_tag);
    }
};

class Association {
public:
    /// What became of the packet, in the form of the record.
    std::string meet(const Line& line) {
        if (flow_ && flow_->remaining > kAgeing)
            flow_->remaining.milliseconds -= kAgeing.milliseconds;
        const auto packet = sctp::read(line.bytes, line.bytes.size());
        const bool passes = packet && is_passed(line.direction, *packet);
        return (passes ? ":" : "!") + state();
    }

private:
    bool is_passed(Direction direction, const sctp::Packet& packet) {
        Segment segment{.protocol = net::Protocol::Sctp};
        segment.sctp_packet = packet;
        if (!flow_) {
            const Verdict verdict = open(tuning_, segment, memory_);
            if (direction == Direction::Reply || verdict.action != Action::Pass)
                return false;
            flow_.emplace();
            keep(verdict);
            return true;
        }
        FlowState now = *flow_;
        now.remaining.milliseconds -= 1;  // the kernel's clock went on
        const Verdict verdict = track(tuning_, now, direction, segment, memory_);
        keep(verdict);
        return verdict.action == Action::Pass;
    }
    void keep(const Verdict& verdict) {
        flow_->state = verdict.state;
        flow_->status = verdict.status;
        if (verdict.refresh)
            flow_->remaining = verdict.timeout;
    }
    std::string state() const {
        if (!flow_)
            return "--";
        return kInitials.at(flow_->state.sctp()) + std::to_string(flow_->status) + " " +
               std::to_string(flow_->remaining.milliseconds / 1000);
    }

    Tuning tuning_;
    std::optional<FlowState> flow_;
    alignas(64) std::array<std::byte, kTrackerBytes> memory_{};
};

}  // namespace

TEST_CASE("sctp: every named case ends as in the kernel", "[conntrack][sctp][recorded]") {
    const char* root = std::getenv("SLUICE_SOURCE_ROOT");
    REQUIRE(root);
    std::ifstream file(std::string(root) + "/tests/data/conntrack/sctp.txt");
    REQUIRE(file.is_open());
    std::optional<Association> association;
    std::string text, history;
    size_t count = 0;
    bool is_compared = false;
    while (std::getline(file, text)) {
        if (text[0] == '#')
            continue;
        if (text[0] == '=') {
            association.emplace();
            history = text;
            is_compared = true;
            ++count;
            continue;
        }
        if (!is_compared)
            continue;
        const Line line(text);
        history += "\n" + text;
        const std::string got = association->meet(line);
        INFO(history << "\ngot " << got);
        const bool is_intended =
            got[0] == '!' && line.answer[0] == ':' && kLetIn.contains(line.chunks);
        is_compared = got == line.answer;
        CHECK((is_compared || is_intended));
    }
    CHECK(count >= 30);
}

}  // namespace sctp_recorded_test
