#include "cli/show/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace naru::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Completable program() {
  return {.path = "",
          .name = "naru",
          .purpose = "",
          .options = {{"--help", "print help", false}, {"--output", "form of listings", true}},
          .verbs = {{.path = "keys",
                     .name = "keys",
                     .purpose = "who may call",
                     .options = {},
                     .verbs = {{.path = "keys list",
                                .name = "list",
                                .purpose = "all: the operator's too",
                                .options = {{"--help", "print help", false}},
                                .verbs = {}}}}}};
}

TEST(BashCompletion, offers_what_stands_at_each_place) {
  EXPECT_THAT(bash_completion(program()),
              AllOf(HasSubstr("'') words='keys --help --output' ;;\n"),
                    HasSubstr("'keys') words='list --output' ;;\n"),
                    HasSubstr("'keys list') words='--help --output' ;;\n"),
                    HasSubstr("      'keys'|'keys list') path="),
                    HasSubstr("complete -o default -F _naru naru\n")));
}

TEST(ZshCompletion, describes_verbs_and_options) {
  EXPECT_THAT(
      zsh_completion(program()),
      AllOf(HasSubstr("#compdef naru\n"), HasSubstr("'') verbs=( 'keys:who may call' ); options=("),
            HasSubstr("'keys') verbs=( 'list:all: the operator'\\''s too' ); options=( "
                      "'--output:form of listings' ) ;;")));
}

TEST(FishCompletion, describes_verbs_and_options) {
  EXPECT_THAT(fish_completion(program()),
              AllOf(HasSubstr("complete -c naru -f -n '__fish_use_subcommand' -a keys -d 'who may "
                              "call'\n"),
                    HasSubstr("-n '__fish_seen_subcommand_from keys; and not "
                              "__fish_seen_subcommand_from list' -a list"),
                    HasSubstr("complete -c naru -l output -d 'form of listings' -r\n"),
                    Not(HasSubstr("-a naru"))));
}

}  // namespace
}  // namespace naru::cli
