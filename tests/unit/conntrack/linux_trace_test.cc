// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "conntrack/status.h"
#include "conntrack/tracker.h"

#include <array>
#include <map>
#include <sstream>
#include <string>

namespace linux_trace_test {

using namespace sluice;
using namespace sluice::conntrack;
using net::Direction;

namespace {

// What Linux 6.18 made of random segments on one tuple behind nft masquerade, one connection a
// line. Sequence and acknowledgment numbers were in order throughout, tcp_be_liberal was set.
//
//   o, r      direction: original, reply
//   S A F R   SYN, ACK, FIN, RST with ACK where two letters stand; F has ACK, f has none;
//             P is PSH with ACK, U is URG with ACK, E is SYN with ECE and CWR, N is no flag
//   ES3       state after the segment, by initials, and status bits
//   nothing   it passed and the timeout was set to that of the state
//   u         likewise, to tcp_unacknowledged
//   =         it passed and the timeout stood
//   *         it passed, with the timeout not recorded
//   !         it was INVALID
//   --  !!    no flow after it; it passed, or did not
constexpr const char* kTraces = R"(
oA:ES0u oA:ES0u rSA:ES1= rA:ES3 rS:ES3! of:ES3! rA:ES3 oS:ES3= rA:ES3
oA:ES0u oF:FW0 oS:FW0= rF:LA1 oF:LA1 oSA:LA1! oF:LA1 oSA:LA1! rSA:LA1=
oA:ES0u oF:FW0 oSA:FW0! rS:FW0! oSA:FW0! rA:CW1 rS:CW1! oF:LA1 oS:LA1=
oA:ES0u oF:FW0 rA:CW1 oF:LA1 rSA:LA1= oF:LA1 rRA:CL1 oF:CL1 rSA:CL1=
oA:ES0u oF:FW0 rF:LA1 oS:LA1= rA:LA1= rS:LA1! rS:LA1! oSA:LA1! oF:LA1
oA:ES0u oF:FW0 rS:FW0! rE:FW0! rF:LA1 rS:LA1! rf:LA1! rSA:LA1= oSA:LA1!
oA:ES0u oF:FW0 rSA:FW1= rS:FW1! oA:CW1 oA:CW1 rN:CW1! rF:LA1 rSA:LA1=
oA:ES0u oRA:-- rF:!! oS:SS0 oF:SS0! rSA:SR1 oA:ES3 rS:ES3! rF:FW3
oA:ES0u oS:ES0= rF:FW1 rRA:CL1 rF:CL1 oSA:CL1! oSA:CL1! oSA:CL1! rSA:CL1=
oA:ES0u oS:ES0= rS:ES0! oF:FW0 oF:LA0 oA:TW0 rSA:TW1= rSA:TW1= oS:SS0
oA:ES0u oSA:ES0! rS:ES0! oSA:ES0! of:ES0! rA:ES1u rA:ES3 oF:FW3 rSA:FW3=
oA:ES0u rA:ES1u oA:ES3 oRA:CL3 oF:CL3 oF:CL3 rS:CL3! rF:CL3 oA:CL3
oA:ES0u rA:ES1u oRA:CL1 oA:CL1 oA:CL1 rA:CL1 rSA:CL1= rA:CL1 rR:CL1
oA:ES0u rA:ES1u oS:ES1= oR:CL1 rS:CL1! rF:CL1 rA:CL1 oS:CL1= rS:CL1!
oA:ES0u rA:ES1u oSA:ES1! oR:CL1 rRA:CL1 rSA:CL1= oP:CL1 rS:CL1! oRA:CL1
oA:ES0u rA:ES1u oSA:ES1! rA:ES3 oSA:ES3! rS:ES3! oS:ES3= oF:FW3 oA:CW3
oA:ES0u rA:ES1u of:ES1! oRA:CL1 oA:CL1 rA:CL1 oF:CL1 oSA:CL1! oSA:CL1!
oA:ES0u rA:ES1u rA:ES3 oRA:CL3 oSA:CL3! rS:CL3! rA:CL3 rSA:CL3= oSA:CL3!
oA:ES0u rA:ES1u rR:CL1 oSA:CL1! oA:CL1 rSA:CL1= oS:CL1= oF:CL1 oSA:CL1!
oA:ES0u rA:ES1u rS:ES1! oSA:ES1! oS:ES1= rSA:SR1 rF:FW1 oS:FW1= rN:FW1!
oA:ES0u rA:ES1u rSA:ES1= oS:ES1= oSA:ES1! rRA:CL1 rS:CL1! oR:CL1 oF:CL1
oA:ES0u rA:ES1u rf:ES1! rA:ES3 rRA:CL3 rSA:CL3= oA:CL3 rA:CL3 rSA:CL3=
oA:ES0u rF:FW1 oA:CW1 rF:LA1 oS:LA1= oS:LA1= rS:LA1! rSA:SR1 rF:FW1
oA:ES0u rF:FW1 oF:LA1 rR:CL1 rRA:CL1 oA:CL1 oR:CL1 rF:CL1 rE:CL1!
oA:ES0u rF:FW1 oF:LA1 rS:LA1! oRA:CL1 oSA:CL1! rF:CL1 oA:CL1 oU:CL1
oA:ES0u rF:FW1 oSA:FW1! oS:FW1= rF:LA1 rS:LA1! rS:LA1! rf:LA1! oSA:LA1!
oA:ES0u rF:FW1 oSA:FW1! oSA:FW1! rS:FW1! oF:LA1 oF:LA1 oA:TW1 rF:TW1
oA:ES0u rS:ES0! oS:ES0= oSA:ES0! oS:ES0= oF:FW0 oA:CW0 oA:CW0 oF:LA0
oA:ES0u rS:ES0! rS:ES0! rF:FW1 oS:FW1= rA:CW1 of:CW1! oS:CW1= rA:CW1
oA:ES0u rSA:ES1= oA:ES3 rF:FW3 rSA:FW3= rS:FW3! oF:LA3 oA:TW3 oA:TW3
oA:ES0u rSA:ES1= oF:FW1 rF:LA1 rA:TW1 oP:TW1 rA:TW1 rA:TW1 oF:TW1
oA:ES0u rSA:ES1= oR:CL1 oF:CL1 rA:CL1 oS:CL1= oA:CL1 rA:CL1 rS:CL1!
oA:ES0u rSA:ES1= oSA:ES1! rF:FW1 rSA:FW1= oE:FW1= rR:CL1 oF:CL1 rA:CL1
oA:ES0u rSA:ES1= rA:ES3 oSA:ES3! oF:FW3 oSA:FW3! oA:CW3 rS:CW3! oS:CW3=
oA:ES0u rSA:ES1= rR:CL1 rS:CL1! rSA:CL1= oF:CL1 oA:CL1 oA:CL1 rSA:CL1=
oA:ES0u rSA:ES1= rSA:ES1= rF:FW1 rA:CW1 rF:LA1 rS:LA1! oSA:LA1! oR:CL1
oE:SS0 oSA:SS0! rA:SS1= oS:SS1 rF:SS1! oF:SS1! rSA:SR1 rSA:SR1= rA:SR1
oF:!! oF:!! oA:ES0u rE:ES0! oP:ES0u rA:ES1u oS:ES1= rS:ES1! rA:ES3
oF:!! oS:SS0 rS:S21= oF:S21! rRA:CL1 rE:CL1! oF:CL1 rA:CL1 rA:CL1
oN:!! oF:!! rSA:!! rSA:!! rA:!! rA:!! oSA:!! oA:ES0u oP:ES0u
oRA:!! rA:!! rS:!! oA:ES0u rA:ES1u rF:FW1 oA:CW1 rSA:CW1= oS:CW1=
oS:SS0 oA:SS0! oS:SS0= rF:SS0! rRA:-- rS:!! rN:!! oSA:!! rS:!!
oS:SS0 oA:SS0! rF:SS0! rSA:SR1 oP:ES3 oSA:ES3! oA:ES3 of:ES3! rRA:CL3
oS:SS0 oF:SS0! oA:SS0! rS:S21= rR:CL1 oF:CL1 oSA:CL1! rSA:CL1= oSA:CL1!
oS:SS0 oF:SS0! rA:SS1= oF:SS1! oRA:CL1 rA:CL1 oA:CL1 oSA:CL1! rF:CL1
oS:SS0 oF:SS0! rSA:SR1 oR:CL1 rF:CL1 rRA:CL1 rS:CL1! oS:CL1= rSA:SR1
oS:SS0 oR:-- rF:!! rSA:!! oF:!! rA:!! rSA:!! rS:!! oSA:!!
oS:SS0 oS:SS0= oA:SS0! rSA:SR1 oS:SR1= rR:CL1 rS:CL1! rA:CL1 rF:CL1
oS:SS0 oSA:SS0! rF:SS0! rF:SS0! oSA:SS0! oSA:SS0! oF:SS0! oF:SS0! oRA:--
oS:SS0 oSA:SS0! rS:S21= rSA:SR1 rA:ES3 rF:FW3 oSA:FW3! oS:FW3= oSA:FW3!
oS:SS0 oSA:SS0! rSA:SR1 oS:SR1= oF:FW1 oF:LA1 oF:LA1 rF:LA1 oF:LA1
oS:SS0 of:SS0! rS:S21= oP:S21! oA:S21! oSA:SR1 rS:SR1! oS:SR1= rU:SR1
oS:SS0 rA:SS1= oA:SS1! rRA:CL1 oA:CL1 rSA:CL1= oA:CL1 oE:CL1= oA:CL1
oS:SS0 rA:SS1= oA:SS1! rS:S21* oA:S21! rSA:SR1 rSA:SR1= oSA:SR1 oRA:CL1
oS:SS0 rA:SS1= oF:SS1! oA:SS1! oA:SS1! rf:SS1! rSA:SR1 oR:CL1 oR:CL1
oS:SS0 rA:SS1= oF:SS1! rR:CL1 oS:CL1= oF:CL1 oA:CL1 rRA:CL1 rA:CL1
oS:SS0 rA:SS1= oN:SS1! oA:SS1! oR:CL1 oA:CL1 rF:CL1 rA:CL1 rS:CL1!
oS:SS0 rA:SS1= oR:CL1 rF:CL1 rP:CL1 rF:CL1 oS:CL1= rS:CL1! oF:CL1
oS:SS0 rA:SS1= oR:CL1 rSA:CL1= oSA:CL1! rA:CL1 rSA:CL1= rS:CL1! oS:CL1=
oS:SS0 rA:SS1= oS:SS1 rRA:CL1 oS:CL1= rF:CL1 rS:CL1! oSA:CL1! oSA:CL1!
oS:SS0 rA:SS1= oSA:SS1! rSA:SR1 rP:SR1 rE:SR1! oSA:SR1 rA:SR1 oSA:SR1
oS:SS0 rA:SS1= rA:SS1= oS:SS1 oA:SS1! oSA:SS1! rR:CL1 oA:CL1 rA:CL1
oS:SS0 rA:SS1= rF:SS1! oS:SS1 oSA:SS1! oF:SS1! rS:S21* oSA:SR1 oSA:SR1
oS:SS0 rA:SS1= rF:SS1! rRA:CL1 rSA:CL1= oF:CL1 oSA:CL1! oF:CL1 oA:CL1
oS:SS0 rA:SS1= rN:SS1! rE:S21* rA:S21* oA:S21! oF:S21! rSA:SR1 rA:ES3
oS:SS0 rA:SS1= rR:CL1 oA:CL1 rS:CL1! oA:CL1 oA:CL1 oS:CL1= rSA:SR1
oS:SS0 rA:SS1= rR:CL1 rA:CL1 oA:CL1 oS:CL1= rF:CL1 oF:CL1 oF:CL1
oS:SS0 rA:SS1= rR:CL1 rF:CL1 rSA:CL1= rA:CL1 rA:CL1 oS:CL1= rSA:SR1
oS:SS0 rA:SS1= rRA:CL1 oF:CL1 oF:CL1 rf:CL1! oSA:CL1! rS:CL1! oSA:CL1!
oS:SS0 rA:SS1= rS:S21* oA:S21! rS:S21* rS:S21* oA:S21! oRA:CL1 rA:CL1
oS:SS0 rA:SS1= rS:S21* oF:S21! oF:S21! rF:S21! rSA:SR1 rA:ES3 oA:ES3
oS:SS0 rA:SS1= rS:S21* oN:S21! oA:S21! rS:S21* oR:CL1 rSA:CL1= rP:CL1
oS:SS0 rA:SS1= rS:S21* rA:S21* rF:S21! oA:S21! oA:S21! rR:CL1 rSA:CL1=
oS:SS0 rA:SS1= rSA:SR1 oR:CL1 rA:CL1 rA:CL1 of:CL1! rRA:CL1 rS:CL1!
oS:SS0 rF:SS0! rA:SS1= rF:SS1! rS:S21* oS:S21* oR:CL1 rSA:CL1= rS:CL1!
oS:SS0 rF:SS0! rF:SS0! oS:SS0= oF:SS0! rS:S21= rA:S21= oS:S21* rS:S21*
oS:SS0 rF:SS0! rS:S21= oA:S21! oF:S21! rS:S21* oP:S21! rU:S21* oRA:CL1
oS:SS0 rF:SS0! rS:S21= oR:CL1 rA:CL1 oF:CL1 oS:CL1= oSA:CL1! oA:CL1
oS:SS0 rRA:-- rF:!! oF:!! rSA:!! rS:!! rSA:!! rRA:!! oF:!!
oS:SS0 rS:S21= oA:S21! oS:S21* oF:S21! rA:S21* rSA:SR1 rSA:SR1= rF:FW1
oS:SS0 rS:S21= oA:S21! rF:S21! rP:S21= oA:S21! rF:S21! oF:S21! oA:S21!
oS:SS0 rS:S21= oA:S21! rf:S21! oS:S21* oN:S21! rA:S21* oSA:SR1 oSA:SR1
oS:SS0 rS:S21= oF:S21! rS:S21* rSA:SR1 oSA:SR1 rSA:SR1= rS:SR1! rS:SR1!
oS:SS0 rS:S21= oN:S21! oS:S21* oF:S21! oF:S21! rS:S21* rF:S21! oF:S21!
oS:SS0 rS:S21= oR:CL1 oR:CL1 oA:CL1 oSA:CL1! oA:CL1 rE:CL1! rS:CL1!
oS:SS0 rS:S21= oRA:CL1 oA:CL1 rS:CL1! oS:CL1= rF:CL1 oA:CL1 oF:CL1
oS:SS0 rS:S21= oRA:CL1 rE:CL1! rSA:CL1= rS:CL1! rSA:CL1= rF:CL1 oA:CL1
oS:SS0 rS:S21= oS:S21* oA:S21! rP:S21* oF:S21! rA:S21* rA:S21* oU:S21!
oS:SS0 rS:S21= oS:S21* oF:S21! rS:S21* rS:S21* oF:S21! rA:S21* rS:S21*
oS:SS0 rS:S21= oS:S21* rF:S21! oA:S21! rA:S21* rA:S21* rP:S21* oS:S21*
oS:SS0 rS:S21= oS:S21* rP:S21* oA:S21! oS:S21* of:S21! rS:S21* oS:S21*
oS:SS0 rS:S21= oS:S21* rR:CL1 rP:CL1 oSA:CL1! rS:CL1! rA:CL1 rS:CL1!
oS:SS0 rS:S21= oS:S21* rf:S21! oF:S21! oSA:SR1 rS:SR1! rS:SR1! rP:ES3
oS:SS0 rS:S21= oSA:SR1 oF:FW1 rS:FW1! rR:CL1 oSA:CL1! oR:CL1 rA:CL1
oS:SS0 rS:S21= oSA:SR1 oRA:CL1 oSA:CL1! rA:CL1 rA:CL1 oSA:CL1! oF:CL1
oS:SS0 rS:S21= oSA:SR1 oS:SR1= rF:FW1 oRA:CL1 rSA:CL1= rF:CL1 oSA:CL1!
oS:SS0 rS:S21= oU:S21! oSA:SR1 oN:SR1! oSA:SR1 oA:ES3 rU:ES3 rSA:ES3=
oS:SS0 rS:S21= of:S21! oF:S21! rA:S21= oS:S21* oS:S21* oA:S21! oS:S21*
oS:SS0 rS:S21= rA:S21= oF:S21! oR:CL1 rRA:CL1 oP:CL1 rRA:CL1 oS:CL1=
oS:SS0 rS:S21= rA:S21= rR:CL1 rS:CL1! oSA:CL1! oRA:CL1 rSA:CL1= oA:CL1
oS:SS0 rS:S21= rA:S21= rS:S21* oS:S21* oS:S21* rF:S21! rSA:SR1 oS:SR1=
oS:SS0 rS:S21= rA:S21= rSA:SR1 oSA:SR1 rF:FW1 rS:FW1! rA:CW1 oS:CW1=
oS:SS0 rS:S21= rF:S21! oRA:CL1 oA:CL1 rSA:CL1= oSA:CL1! rSA:CL1= rSA:CL1=
oS:SS0 rS:S21= rF:S21! oS:S21* rP:S21* oSA:SR1 oS:SR1= oS:SR1= rS:SR1!
oS:SS0 rS:S21= rF:S21! rF:S21! oA:S21! rSA:SR1 oSA:SR1 rS:SR1! oF:FW1
oS:SS0 rS:S21= rF:S21! rP:S21= oR:CL1 oF:CL1 rR:CL1 rSA:CL1= oSA:CL1!
oS:SS0 rS:S21= rF:S21! rRA:CL1 oA:CL1 oA:CL1 oSA:CL1! oF:CL1 rS:CL1!
oS:SS0 rS:S21= rP:S21= oSA:SR1 rN:SR1! oS:SR1= oF:FW1 oSA:FW1! rF:LA1
oS:SS0 rS:S21= rR:CL1 oS:CL1= rS:CL1! oS:CL1= oS:CL1= of:CL1! oS:CL1=
oS:SS0 rS:S21= rRA:CL1 rA:CL1 oF:CL1 of:CL1! oSA:CL1! oS:CL1= rA:CL1
oS:SS0 rS:S21= rRA:CL1 rS:CL1! oP:CL1 oSA:CL1! oSA:CL1! oE:CL1= rR:CL1
oS:SS0 rS:S21= rS:S21* oSA:SR1 rR:CL1 oSA:CL1! oF:CL1 rSA:CL1= rA:CL1
oS:SS0 rS:S21= rS:S21* rA:S21* rA:S21* rF:S21! oF:S21! oS:S21* rA:S21*
oS:SS0 rS:S21= rSA:SR1 oA:ES3 oS:ES3= rF:FW3 rA:CW3 rA:CW3 oS:CW3=
oS:SS0 rS:S21= rSA:SR1 oS:SR1= oSA:SR1 rRA:CL1 rA:CL1 rF:CL1 rF:CL1
oS:SS0 rS:S21= rf:S21! oF:S21! rE:S21* rP:S21* oRA:CL1 rA:CL1 oSA:CL1!
oS:SS0 rSA:SR1 oA:ES3 oA:ES3 rN:ES3! oR:CL3 rR:CL3 rSA:CL3= rF:CL3
oS:SS0 rSA:SR1 oA:ES3 oF:FW3 rF:LA3 oSA:LA3! oS:LA3= oSA:LA3! oRA:CL3
oS:SS0 rSA:SR1 oA:ES3 rF:FW3 rF:LA3 oA:TW3 rRA:CL3 oA:CL3 oF:CL3
oS:SS0 rSA:SR1 oA:ES3 rRA:CL3 oF:CL3 rSA:CL3= oF:CL3 oSA:CL3! rA:CL3
oS:SS0 rSA:SR1 oF:FW1 oA:CW1 rS:CW1! rS:CW1! rF:LA1 oS:LA1= oA:TW1
oS:SS0 rSA:SR1 oF:FW1 oS:FW1= oSA:FW1! oF:LA1 oF:LA1 rA:TW1 rF:TW1
oS:SS0 rSA:SR1 oF:FW1 rR:CL1 oRA:CL1 rF:CL1 rF:CL1 oF:CL1 rS:CL1!
oS:SS0 rSA:SR1 oP:ES3 rF:FW3 oA:CW3 rR:CL3 rRA:CL3 oA:CL3 oN:CL3!
oS:SS0 rSA:SR1 oRA:CL1 rS:CL1! oA:CL1 rA:CL1 rA:CL1 rA:CL1 oA:CL1
oS:SS0 rSA:SR1 oRA:CL1 rSA:CL1= rSA:CL1= rS:CL1! oSA:CL1! rS:CL1! oP:CL1
oS:SS0 rSA:SR1 oS:SR1= oS:SR1= oR:CL1 oSA:CL1! oA:CL1 rF:CL1 oF:CL1
oS:SS0 rSA:SR1 oS:SR1= rA:SR1 oSA:SR1 oP:ES3 rSA:ES3= rS:ES3! oA:ES3
oS:SS0 rSA:SR1 oS:SR1= rN:SR1! rS:SR1! rA:SR1 oS:SR1= oR:CL1 rA:CL1
oS:SS0 rSA:SR1 oSA:SR1 oSA:SR1 oS:SR1= oRA:CL1 oF:CL1 oA:CL1 rF:CL1
oS:SS0 rSA:SR1 oSA:SR1 rA:SR1 rF:FW1 rN:FW1! rS:FW1! rSA:FW1= oSA:FW1!
oS:SS0 rSA:SR1 of:SR1! rF:FW1 rR:CL1 oSA:CL1! rU:CL1 oF:CL1 rS:CL1!
oS:SS0 rSA:SR1 rA:SR1 oF:FW1 rf:FW1! rSA:FW1= rSA:FW1= rA:CW1 oSA:CW1!
oS:SS0 rSA:SR1 rA:SR1 oS:SR1= rSA:SR1 rSA:SR1= oS:SR1= rS:SR1! oA:ES3
oS:SS0 rSA:SR1 rA:SR1 oSA:SR1 rSA:SR1= oSA:SR1 oS:SR1= oSA:SR1 rA:SR1
oS:SS0 rSA:SR1 rA:SR1 rRA:CL1 rSA:CL1= rS:CL1! rA:CL1 oS:CL1= rA:CL1
oS:SS0 rSA:SR1 rP:SR1 rA:SR1 oF:FW1 rSA:FW1= oF:LA1 rS:LA1! oA:TW1
oS:SS0 rSA:SR1 rR:CL1 oF:CL1 rf:CL1! rA:CL1 rF:CL1 rA:CL1 oA:CL1
oS:SS0 rSA:SR1 rR:CL1 oRA:CL1 oA:CL1 oS:CL1= oS:CL1= rP:CL1 rA:CL1
oS:SS0 rSA:SR1 rR:CL1 oS:CL1= oA:CL1 of:CL1! rS:CL1! rSA:CL1= oSA:CL1!
oS:SS0 rSA:SR1 rR:CL1 oSA:CL1! oSA:CL1! oU:CL1 oS:CL1= oF:CL1 oN:CL1!
oS:SS0 rSA:SR1 rR:CL1 oU:CL1 rF:CL1 oS:CL1= oA:CL1 oF:CL1 oA:CL1
oS:SS0 rSA:SR1 rR:CL1 of:CL1! oP:CL1 oF:CL1 rA:CL1 oSA:CL1! oS:CL1=
oS:SS0 rSA:SR1 rR:CL1 rA:CL1 oR:CL1 oSA:CL1! rS:CL1! oF:CL1 oA:CL1
oS:SS0 rSA:SR1 rR:CL1 rF:CL1 rF:CL1 rSA:CL1= rS:CL1! rF:CL1 oA:CL1
oS:SS0 rSA:SR1 rR:CL1 rRA:CL1 rF:CL1 oA:CL1 oS:CL1= oRA:CL1 oA:CL1
oS:SS0 rSA:SR1 rR:CL1 rSA:CL1= rA:CL1 oSA:CL1! rA:CL1 rF:CL1 rR:CL1
oS:SS0 rSA:SR1 rS:SR1! oS:SR1= rS:SR1! oSA:SR1 rS:SR1! rA:SR1 rR:CL1
oS:SS0 rSA:SR1 rS:SR1! rSA:SR1= rSA:SR1= rS:SR1! rA:SR1 rS:SR1! oA:ES3
oS:SS0 rf:SS0! oA:SS0! oF:SS0! rA:SS1= oSA:SS1! rS:S21* oS:S21* rS:S21*
oSA:!! rR:!! oSA:!! rA:!! oR:!! rSA:!! rF:!! rS:!! oF:!!
rA:!! rF:!! oSA:!! oS:SS0 oA:SS0! rA:SS1= oA:SS1! rA:SS1= oSA:SS1!
rF:!! oP:ES0u rF:FW1 rF:LA1 rF:LA1 oSA:LA1! rA:TW1 rSA:TW1= rS:!!
rF:!! rA:!! oA:ES0u rN:ES0! oF:FW0 rS:FW0! rSA:FW1= rF:LA1 rS:LA1!
rN:!! oS:SS0 rSA:SR1 oA:ES3 rF:FW3 oS:FW3= rSA:SR3 rS:SR3! oSA:SR3
rR:!! oA:ES0u rF:FW1 oSA:FW1! rA:CW1 oA:CW1 rA:CW1 rSA:CW1= rS:CW1!
rR:!! rA:!! oF:!! oR:!! oA:ES0u oS:ES0= rA:ES1u oF:FW1 rA:CW1
rS:!! rA:!! oS:SS0 oSA:SS0! oA:SS0! oA:SS0! rS:S21= oF:S21! oA:S21!
rS:!! rF:!! rF:!! rRA:!! rR:!! rSA:!! oSA:!! rF:!! oR:!!
rSA:!! oSA:!! rSA:!! oS:SS0 rS:S21= oF:S21! oR:CL1 rF:CL1 rSA:CL1=
)";

const std::map<std::string, int> kFlags = {
    {"S", kSyn},         {"SA", kSyn | kAck},
    {"F", kFin | kAck},  {"f", kFin},
    {"A", kAck},         {"R", kRst},
    {"RA", kRst | kAck}, {"N", 0},
    {"P", kPsh | kAck},  {"E", kSyn | kEce | kCwr},
    {"U", kUrg | kAck},
};

constexpr std::array<const char*, kTcpStateCount> kInitials = {"NO", "SS", "SR", "ES", "FW",
                                                               "CW", "LA", "TW", "CL", "S2"};

/// A gateway with room for one flow, which tells what it did as the traces do.
class Gateway {
public:
    std::string meet(Direction direction, uint8_t tcp_flags) {
        const Segment segment = numbered(direction, tcp_flags);
        Verdict verdict;
        if (live_)
            verdict = track(tuning_, flow_, direction, segment, memory_);
        if (verdict.action == Action::Reopen)
            live_ = false;
        if (!live_) {
            if (direction == Direction::Reply)
                return "!!";
            verdict = open(tuning_, segment, memory_);
            if (verdict.action == Action::Refuse)
                return "!!";
        }
        live_ = verdict.action != Action::Delete;
        flow_.state = verdict.state;
        flow_.status = verdict.status;
        return live_ ? describe(verdict) : "--";
    }

private:
    /// As they were numbered when the traces were recorded: a SYN first, all else right behind it.
    static Segment numbered(Direction direction, uint8_t tcp_flags) {
        constexpr std::array<uint32_t, 2> kFirst = {1'000'000, 5'000'000};
        Segment segment{net::Protocol::Tcp, tcp_flags, 0};
        segment.window = 8192;
        segment.seq = kFirst[index(direction)] + (tcp_flags & kSyn ? 0 : 1);
        if (tcp_flags & kAck)
            segment.ack = kFirst[index(opposite(direction))] + 1;
        segment.options.sack_edge = segment.ack;
        return segment;
    }

    static Tuning tuning() {
        Tuning tuning;
        tuning.tcp_be_liberal = true;
        tuning.tcp_max_retrans = 255;
        tuning.tcp_max_retrans_timeout = tuning.tcp[TcpState::Established];
        return tuning;
    }

    std::string describe(const Verdict& verdict) const {
        std::string text = kInitials[index(verdict.state.tcp())] + std::to_string(verdict.status);
        if (verdict.action == Action::Refuse)
            return text + "!";
        if (!verdict.refresh)
            return text + "=";
        if (verdict.timeout == tuning_.tcp[verdict.state.tcp()])
            return text;
        return text + (verdict.timeout == tuning_.tcp_unacknowledged ? "u" : "?");
    }

    const Tuning tuning_ = tuning();
    bool live_ = false;
    FlowState flow_;
    alignas(64) std::array<std::byte, kTrackerBytes> memory_{};
};

}  // namespace

TEST_CASE("tracker: random segments fare as they did in Linux", "[conntrack][tcp]") {
    std::istringstream traces(kTraces);
    int steps = 0;
    for (std::string line; std::getline(traces, line);) {
        Gateway gateway;
        std::istringstream trace(line);
        for (std::string step; trace >> step; ++steps) {
            const size_t colon = step.find(':');
            REQUIRE(colon != std::string::npos);
            const auto direction = step[0] == 'r' ? Direction::Reply : Direction::Original;
            const int flags = kFlags.at(step.substr(1, colon - 1));
            std::string expected = step.substr(colon + 1);
            std::string found = gateway.meet(direction, static_cast<uint8_t>(flags));
            if (expected.back() == '*') {
                expected.pop_back();
                found.resize(expected.size());
            }
            CAPTURE(line, step);
            CHECK(found == expected);
        }
    }
    CHECK(steps == 1440);
}

}  // namespace linux_trace_test
