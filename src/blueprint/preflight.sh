# sh -c THIS holdfast PROGRAM...
#
# Prints the programs that are not there, one a line, and whether those have the rights that they are known to need.
for program; do
  command -v "$program" >/dev/null 2>&1 || {
    echo "missing $program"
    continue
  }
  case ${program##*/} in
    fsfreeze)
      # CAP_SYS_ADMIN is bit 21 of what this process may do: hexadecimal digits, of which the last five and one bit more count.
      while read -r name value; do
        [ "$name" = CapEff: ] || continue
        [ $(((0x${value#"${value%??????}"} >> 21) & 1)) = 1 ] || echo "rights $program"
      done </proc/self/status
      ;;
  esac
done
