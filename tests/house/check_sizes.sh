#!/bin/sh
# No C file of 500 lines or more: a longer one does two things and should be two.
#
#     check_sizes.sh SOURCE_DIR
set -eu

cd -- "$1"
find include daemon client tests -name '*.[ch]' -exec wc -l {} + |
    awk '$2 != "total" && $1 >= 500 { print $2 ": " $1 " lines"; bad = 1 }
         $2 != "total" { n++ }
         END { print n " files"; exit bad || n == 0 }'
