#compdef holdfast
_holdfast() {
  local line word description
  local -a candidates
  for line in "${(@f)$(holdfast complete -- "${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
    if [[ $line == ':files' ]]; then
      _files
      return
    fi
    word=${line%%$'\t'*} description=${line#*$'\t'}
    if [[ -n $word ]]; then candidates+=("${word//:/\\:}${description:+:$description}"); fi
  done
  _describe holdfast candidates
}
if [[ $funcstack[1] == _holdfast ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
