// SPDX-License-Identifier: BSD-3-Clause
#include "command/role_text.h"

#include <nlohmann/json.hpp>

namespace sluice::command {

using Peer = PairReport::Peer;

std::string role_text(const PairReport& pair) {
    std::string text = pair.is_active ? "active; " : "standby; ";
    if (pair.takes_back)
        text += "it takes back the flows that the peer has, and then forwards";
    else if (pair.peer == Peer::Away)
        text += pair.suspects_peer ? "the peer is away, and may be active too" : "the peer is away";
    else if (pair.lacks_flows)
        text += "the peer stands by too, and has the flows alone";
    else if (pair.is_active == (pair.peer == Peer::Active))
        text += pair.is_active ? "the peer is active too" : "the peer stands by too";
    else if (pair.is_active)
        text += pair.is_whole ? "the peer stands by and has all flows"
                              : "the peer stands by and is being told";
    else
        text += pair.is_whole ? "the peer is active, and all its flows are here"
                              : "the peer is active, and tells its flows";
    if (pair.differs)
        text += "; its rules or pools are others";
    return text + '\n';
}

std::string role_json(const PairReport& pair) {
    const char* peer = pair.peer == Peer::Away      ? "away"
                       : pair.peer == Peer::Standby ? "standby"
                                                    : "active";
    return nlohmann::ordered_json{{"role", pair.is_active ? "active" : "standby"},
                                  {"peer", peer},
                                  {"whole", pair.is_whole},
                                  {"behind", pair.behind},
                                  {"differs", pair.differs}}
        .dump();
}

}  // namespace sluice::command
