// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The rules that the NAT goes by are the policy's (policy/policy.h); these are their names here.

#include "policy/current.h"

namespace sluice::nat {

using link::UplinkId;
using policy::BlockParams;
using policy::Current;
using policy::Filtering;
using policy::HolderParams;
using policy::Independence;
using policy::ProtocolPorts;
using policy::Rule;
using policy::RuleParams;

}  // namespace sluice::nat
