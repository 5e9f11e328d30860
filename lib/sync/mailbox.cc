// SPDX-License-Identifier: BSD-3-Clause
#include "sync/mailbox.h"

namespace sluice::sync {
namespace {

Change change_of(const End& end) {
    Change change{Change::What::End, {}};
    change.record.index = end.index;
    change.record.generation = end.generation;
    return change;
}

}  // namespace

void append(const Incoming::Message& message, std::vector<Change>& changes) {
    switch (message.type) {
        case Type::Begin:
            changes.push_back({Change::What::Begin, {}});
            break;
        case Type::Complete:
            changes.push_back({Change::What::Complete, {}});
            break;
        case Type::Records:
            for (size_t i = 0; i < message.count<Record>(); ++i)
                changes.push_back({Change::What::Put, message.entry<Record>(i)});
            break;
        case Type::Ends:
            for (size_t i = 0; i < message.count<End>(); ++i)
                changes.push_back(change_of(message.entry<End>(i)));
            break;
        case Type::Hosts:
            for (size_t i = 0; i < message.count<Host>(); ++i)
                changes.push_back({Change::What::Name, {}, message.entry<Host>(i)});
            break;
        case Type::Hello:
        case Type::State:
        case Type::Owned:
            break;
    }
}

}  // namespace sluice::sync
