// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Memory: what becomes of a log's records where there is none.
///
/// Rule     A record is at one place: in the journal, in the log's hands, or at the delivery. Who
///          has it when memory is short keeps it, or counts it as lost (account.h). The journal
///          keeps what was not read. The log counts what it could not encode. A delivery counts
///          what it could not take, so its put() throws nothing; what its turn() could not do it
///          does the next time, and has lost nothing by it. What the operator's log is to be told
///          is left out then, but for the sum at the end, whose text has its memory beforehand.
/// Threads  Any.

#include "base/if_memory_allows.h"
