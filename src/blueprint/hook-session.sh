# sh -c THIS holdfast FREEZE THAW PATIENCE LIMIT
#
# Two commands that know nothing of each other as one session: it thaws when its input ends, when its time is over, when the freezing
# fails half way, and, by a watch of its own, when this shell is killed.
freeze=$1 thaw=$2 patience=$3 limit=$4
failed='' thawed=''

now() {
  read -r up _ </proc/uptime
  # 1 before the fraction: a number that begins with 0 is octal.
  echo $((${up%.*} * 1000 + 1${up#*.} * 10 - 1000))
}

thaw() {
  [ -z "$thawed" ] || return 0
  thawed=yes
  timeout "$patience" sh -c "$thaw" >&2 </dev/null || {
    echo "the command that thaws failed (exit code $?)" >&2
    failed=yes
  }
  # It ignores anything milder.
  kill -9 "$watch" 2>/dev/null
}

main=$$
(
  trap '' HUP INT TERM
  left=$((patience + limit + 2))
  while [ "$left" -gt 0 ] && kill -0 "$main"; do
    left=$((left - 1))
    sleep 1
  done
  exec timeout "$patience" sh -c "$thaw"
) >/dev/null 2>&1 </dev/null &
watch=$!
trap 'thaw; exit 1' HUP INT TERM

began=$(now)
timeout "$patience" sh -c "$freeze" >&2 </dev/null
code=$?
if [ "$code" != 0 ]; then
  case $code in
    124 | 143) echo "the command that freezes took longer than $patience s" >&2 ;;
    *) echo "the command that freezes failed (exit code $code)" >&2 ;;
  esac
  thaw
  exit 1
fi
echo 'holdfast: frozen'
timeout "$limit" cat >/dev/null && ended=0 || ended=75
thaw
echo "holdfast: thawed $(($(now) - began))"
[ -z "$failed" ] || exit 1
exit "$ended"
