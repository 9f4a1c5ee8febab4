#include "cli/verb.h"
#include "sys/self.h"

int main(int argc, char** argv) {
  naru::sys::keep_standard_descriptors();
  return naru::cli::run(argc, argv, NARU_VERSION);
}
