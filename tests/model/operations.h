// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Operations: what a few hosts and servers may say to each other, drawn by chance.
///
/// Shape    All chance comes from the generator handed in, so that a seed repeats a run.

#include "nat_oracle.h"

#include <random>

namespace sluice::test {

/// How many operations a model is to run: SLUICE_MODEL_OPERATIONS, or enough for a release.
int model_operations(int enough = 240'000);

/// One of few, so that hosts compete for ports and packets meet the flows of earlier ones.
Conversation any_conversation(std::mt19937_64& random);

/// A packet of any of a few inside hosts, by TCP, UDP or ICMP, to a server or to a public address;
/// or of a server to one. Public ports are the `ports` from 1024 on.
struct Drawn {
    Frame frame;
    bool is_inward = false;
};
Drawn any_packet(std::mt19937_64& random, unsigned ports);

/// A packet of the host's: a datagram, an ACK or a RST, an echo request.
Frame from_host(const Conversation& talk, bool reset);
/// The server's answer to what arrived from `key`.
Frame from_server(const ReplyKey& key, bool reset);

}  // namespace sluice::test
