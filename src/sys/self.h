#pragma once
#include <string>

/// What this process does to itself, once, at the beginning of main.
namespace naru::sys {

/// Opens /dev/null as each of the descriptors 0, 1 and 2 that is closed, so that no file or socket
/// of ours takes its number and is written to as if it were stdout or stderr. Writing to such a
/// stdout fails: results that are lost must not look like success.
void keep_standard_descriptors();

/// The path this program was started by, absolute: that of a link it was named through, so that
/// whoever replaces the file, or points the link elsewhere, finds the new program there. To be
/// called at first, before either can have happened.
std::string start_path();

/// Keeps other processes of our user, engines among them, from reading our memory and environment,
/// and the kernel from writing cores. What we start is not bound by it. Source: prctl(2),
/// PR_SET_DUMPABLE.
void forbid_inspection();

}  // namespace naru::sys
