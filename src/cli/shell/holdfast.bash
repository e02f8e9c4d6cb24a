# Bash 3.2 and newer. It takes "--name=value" for three words, and wants what stands behind the "=" only.
_holdfast() {
  local word glue='' line
  local -a words=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ ( -n $glue || $word == '=' ) && ${#words[@]} -gt 0 ]]; then
      words[${#words[@]}-1]+=$word
      if [[ $word == '=' ]]; then glue=1; else glue=''; fi
    else
      words+=("$word")
    fi
  done
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ':files' ]]; then
      compopt -o default 2> /dev/null
      continue
    fi
    line=${line%%$'\t'*}
    if [[ $line == --*=* && $COMP_WORDBREAKS == *=* ]]; then line=${line#*=}; fi
    COMPREPLY+=("$line")
  done < <(holdfast complete -- "${words[@]}" 2> /dev/null)
}
complete -F _holdfast holdfast
