#compdef holdfast
_holdfast() {
  local line
  local -a candidates
  for line in "${(@f)$(holdfast complete -- "${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
    if [[ $line == ':files' ]]; then
      _files
      return
    fi
    if [[ -n $line ]]; then candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}"); fi
  done
  _describe holdfast candidates
}
if [[ $funcstack[1] == _holdfast ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
