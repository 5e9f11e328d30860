// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "conntrack/status.h"
#include "conntrack/tcp_options.h"
#include "conntrack/tracker.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace recorded_test {

// Replays the kernel's answers that scripts/differential --record has written; the files say how to
// read them.

using namespace sluice;
using namespace sluice::conntrack;
using enum TcpState;
using net::Direction;

namespace {

const std::map<char, uint8_t> kFlags = {{'F', kFin}, {'S', kSyn}, {'R', kRst},
                                        {'P', kPsh}, {'A', kAck}, {'U', kUrg},
                                        {'E', kEce}, {'C', kCwr}, {'-', 0}};

const std::map<TcpState, std::string> kInitials = {
    {SynSent, "SS"}, {SynRecv, "SR"},  {Established, "ES"}, {FinWait, "FW"}, {CloseWait, "CW"},
    {LastAck, "LA"}, {TimeWait, "TW"}, {Close, "CL"},       {SynSent2, "S2"}};

/// Time that passes before each segment, for flows that have more than that to live.
constexpr Duration kAgeing = Duration::seconds(5);

/// Numbers of the two ends, and the flow between them.
class Connection {
public:
    explicit Connection(std::istringstream header) {
        std::string equals;
        unsigned loose = 0, liberal = 0, ignore_rst = 0, max_retrans = 0;
        header >> equals >> name_ >> loose >> liberal >> ignore_rst >> max_retrans >> isn_[0] >>
            isn_[1];
        REQUIRE(header);
        tuning_.tcp_loose = loose != 0;
        tuning_.tcp_be_liberal = liberal != 0;
        tuning_.tcp_ignore_invalid_rst = ignore_rst != 0;
        tuning_.tcp_max_retrans = static_cast<uint8_t>(max_retrans);
    }

    const std::string& name() const { return name_; }

    /// What became of the segment on this line, in the form of the record.
    std::string meet(const std::string& line) {
        const auto direction = line[0] == 'o' ? Direction::Original : Direction::Reply;
        const Segment segment = read(std::istringstream(line), direction);
        if (flow_ && flow_->remaining > kAgeing)
            flow_->remaining.milliseconds -= kAgeing.milliseconds;
        const std::string mark = is_passed(direction, segment) ? ":" : "!";
        return mark + state();
    }

private:
    Segment read(std::istringstream words, Direction direction);
    bool is_passed(Direction direction, const Segment& segment);
    bool is_opened(const Segment& segment);
    void keep(const Verdict& verdict);
    std::string state() const;

    std::string name_;
    Tuning tuning_;
    std::array<uint32_t, 2> isn_{};
    std::optional<FlowState> flow_;
    alignas(64) std::array<std::byte, kTrackerBytes> memory_;
};

void append_number(std::vector<uint8_t>& bytes, uint32_t number) {
    for (const int shift : {24, 16, 8, 0})
        bytes.push_back(static_cast<uint8_t>(number >> shift));
}

/// What the words of a line say of the options, as bytes.
struct Options {
    std::vector<uint8_t> bytes;
    std::vector<uint8_t> sack;

    void add(char kind, const std::string& value, uint32_t peer_isn) {
        if (kind == 'm')
            bytes.insert(bytes.end(), {2, 4, 5, 180});
        else if (kind == 'p')
            bytes.insert(bytes.end(), {4, 2});
        else if (kind == 't')
            bytes.insert(bytes.end(), {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2});
        else if (kind == 'k')
            bytes.insert(bytes.end(), {3, 3, static_cast<uint8_t>(std::stoi(value))});
        else if (kind == 'e')
            for (const auto& edge : {value, value.substr(value.find(':') + 1)})
                append_number(sack, peer_isn + static_cast<uint32_t>(std::stol(edge)));
        else
            FAIL("unknown word " << kind << value);
    }

    std::vector<uint8_t> finish() {
        if (!sack.empty()) {
            bytes.insert(bytes.end(), {5, static_cast<uint8_t>(2 + sack.size())});
            bytes.insert(bytes.end(), sack.begin(), sack.end());
        }
        while (bytes.size() % 4)
            bytes.push_back(1);
        return bytes;
    }
};

Segment Connection::read(std::istringstream words, Direction direction) {
    const uint32_t isn = isn_[index(direction)];
    const uint32_t peer_isn = isn_[index(opposite(direction))];
    Segment segment{.protocol = net::Protocol::Tcp};
    segment.window = 65535;
    segment.seq = isn;
    Options options;

    std::string word;
    words >> word;
    for (const char flag : word.substr(1))
        segment.tcp_flags |= kFlags.at(flag);
    while (words >> word && word[0] != ':' && word[0] != '!') {
        const std::string value = word.substr(1);
        switch (word[0]) {
            case 's':
                segment.seq = isn + static_cast<uint32_t>(std::stol(value));
                break;
            case 'a':
                segment.ack = peer_isn + static_cast<uint32_t>(std::stol(value));
                break;
            case 'w':
                segment.window = static_cast<uint16_t>(std::stoi(value));
                break;
            case 'l':
                segment.payload = static_cast<uint16_t>(std::stoi(value));
                break;
            default:
                options.add(word[0], value, peer_isn);
        }
    }
    segment.options = conntrack::parse_tcp_options(options.finish(), segment.ack);
    return segment;
}

void Connection::keep(const Verdict& verdict) {
    flow_->state = verdict.state;
    flow_->status = verdict.status;
    if (verdict.refresh)
        flow_->remaining = verdict.timeout;
}

bool Connection::is_opened(const Segment& segment) {
    const Verdict verdict = open(tuning_, segment, memory_);
    if (verdict.action != Action::Pass)
        return false;
    flow_.emplace();
    keep(verdict);
    return true;
}

bool Connection::is_passed(Direction direction, const Segment& segment) {
    if (!flow_)
        return direction == Direction::Original && is_opened(segment);
    FlowState now = *flow_;
    now.remaining.milliseconds -= 1;  // the kernel's clock went on
    const Verdict verdict = track(tuning_, now, direction, segment, memory_);
    switch (verdict.action) {
        case Action::Pass:
        case Action::Refuse:
            keep(verdict);
            return verdict.action == Action::Pass;
        case Action::Delete:
            flow_.reset();
            return true;
        case Action::Reopen:
            flow_.reset();
            return direction == Direction::Original && is_opened(segment);
    }
    return false;
}

std::string Connection::state() const {
    if (!flow_)
        return "--";
    return kInitials.at(flow_->state.tcp()) + std::to_string(flow_->status) + " " +
           std::to_string(flow_->remaining.milliseconds / 1000);
}

std::ifstream open_record(const std::string& name) {
    const char* root = std::getenv("SLUICE_SOURCE_ROOT");
    REQUIRE(root);
    std::ifstream file(std::string(root) + "/tests/data/conntrack/" + name);
    REQUIRE(file.is_open());
    return file;
}

/// How many connections the record has; each is compared up to the first difference.
size_t replay(const std::string& name) {
    std::ifstream file = open_record(name);
    std::optional<Connection> connection;
    std::string line, history;
    size_t count = 0;
    bool agrees = true;
    while (std::getline(file, line)) {
        if (line[0] == '#')
            continue;
        if (line[0] == '=') {
            connection.emplace(std::istringstream(line));
            history = line;
            agrees = true;
            ++count;
        } else if (agrees) {
            REQUIRE(connection);
            history += "\n" + line;
            const size_t answer = line.find_last_of(":!");
            const std::string got = connection->meet(line);
            agrees = got == line.substr(answer);
            INFO(history << "\ngot " << got);
            CHECK(agrees);
        }
    }
    return count;
}

}  // namespace

TEST_CASE("tcp: every named case ends as in the kernel", "[conntrack][recorded]") {
    CHECK(replay("cases.txt") >= 80);
}

TEST_CASE("tcp: random connections end as in the kernel", "[conntrack][recorded]") {
    CHECK(replay("sequences.txt") >= 2000);
}

}  // namespace recorded_test
