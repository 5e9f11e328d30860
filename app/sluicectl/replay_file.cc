// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/replay_file.h"

#include "config/file.h"
#include "config/load.h"
#include "sluicectl/client.h"
#include "sluicectl/failure.h"
#include "sluicectl/packet_file.h"
#include "stats/drop.h"
#include "why/replay.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace sluicectl {
namespace {

using sluice::conntrack::Tuning;

constexpr size_t kMostFrame = 65535;

/// As long as it was; what was not captured is taken for zeroes.
std::string whole(PacketFile::Packet&& packet) {
    packet.frame.resize(std::min<size_t>(packet.length, kMostFrame));
    return std::move(packet.frame);
}

std::string json_of(uint64_t number, const sluice::why::Told& told) {
    nlohmann::ordered_json json{
        {"number", number}, {"packet", told.packet}, {"verdict", told.verdict}};
    json["dropped"] = told.drop ? nlohmann::ordered_json(sluice::stats::drop_name(*told.drop))
                                : nlohmann::ordered_json();
    if (const size_t begin = told.numbers.find_first_not_of(' '); begin != std::string::npos)
        json["numbers"] = told.numbers.substr(begin, told.numbers.size() - begin - 1);
    return json.dump() + "\n";
}

sluice::Result<Tuning> tuning_of_file(const std::string& path) {
    auto file = sluice::config::File::read(path);
    if (!file)
        return file.error();
    auto tuning = sluice::config::load_tuning(file->settings());
    return tuning ? std::move(tuning) : file->located(tuning.error());
}

/// Of the gateway that answers, if one does.
sluice::Result<Tuning> tuning_of_gateway(const std::string& socket) {
    const auto lines = fetch({.socket = socket, .path = "/v1/config"});
    if (!lines) {
        std::fprintf(stderr,
                     "sluicectl: %s\nsluicectl: timeouts and switches are those of the start\n",
                     lines.error().message.c_str());
        return Tuning();
    }
    const auto settings = sluice::config::read_settings(*lines);
    auto tuning = settings ? sluice::config::load_tuning(*settings) : settings.error();
    return tuning ? std::move(tuning)
                  : sluice::Error{"the gateway's configuration cannot be read here: " +
                                  tuning.error().message};
}

sluice::Result<Tuning> tuning_for(const Request& request) {
    if (request.replay->is_by_itself)
        return Tuning();
    return request.replay->file.empty() ? tuning_of_gateway(request.socket)
                                        : tuning_of_file(request.replay->file);
}

}  // namespace

int replay_file(const Request& request) {
    auto file = PacketFile::open(*request.packets);
    if (!file)
        return fail(file.error().message);
    const auto tuning = tuning_for(request);
    if (!tuning)
        return fail(tuning.error().message);
    sluice::why::Replay replay(*tuning);
    uint64_t number = 0;
    while (auto packet = file->next()) {
        const sluice::Tick now{static_cast<uint32_t>(packet->milliseconds)};
        const std::string frame = whole(std::move(*packet));
        const sluice::why::Told told =
            replay.tell({reinterpret_cast<const uint8_t*>(frame.data()), frame.size()}, now);
        const std::string text = request.replay->is_json
                                     ? json_of(++number, told)
                                     : std::to_string(++number) + ' ' + told_text(told);
        std::fwrite(text.data(), 1, text.size(), stdout);
        if (std::ferror(stdout) != 0)
            break;  // behind `| head`, nobody reads on
    }
    return file->error().empty() ? EXIT_SUCCESS : fail(file->error());
}

}  // namespace sluicectl
