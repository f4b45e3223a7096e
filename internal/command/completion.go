package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// completionCommand prints what a shell reads to complete command lines.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the script of a shell.
func (c *completionCommand) Run(out *output) error {
	script := map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[c.Shell]
	return out.print(map[string]string{"script": script}, []string{strings.TrimSuffix(script, "\n")})
}

// wordsCommand is what the scripts ask: which words may stand in the place of the
// last one.
type wordsCommand struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints the words, a line each; none where the shell should offer files.
func (c *wordsCommand) Run(out *output, parser *kong.Kong) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	found := wordsFor(parser.Model.Node, words)
	return out.print(found, found)
}

// wordsFor returns the words that may stand in the place of the last of some.
func wordsFor(node *kong.Node, words []string) []string {
	last := ""
	if len(words) > 0 {
		words, last = words[:len(words)-1], words[len(words)-1]
	}
	var open *kong.Flag // that waits for its value
	for _, word := range words {
		switch {
		case open != nil:
			open = nil
		case strings.HasPrefix(word, "-"):
			if flag := flagOf(node, word); flag != nil && !flag.IsBool() && !strings.Contains(word, "=") {
				open = flag
			}
		default:
			if i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word }); i >= 0 {
				node = node.Children[i]
			}
		}
	}
	var found []string
	offer := func(word string) {
		if word != "" && strings.HasPrefix(word, last) {
			found = append(found, word)
		}
	}
	switch {
	case open != nil:
		for _, value := range valuesOf(open) {
			offer(value)
		}
	case strings.HasPrefix(last, "-"):
		for _, group := range node.AllFlags(true) {
			for _, flag := range group {
				offer("--" + flag.Name)
			}
		}
	default:
		for _, child := range node.Children {
			if !child.Hidden {
				offer(child.Name)
			}
		}
		for _, arg := range node.Positional {
			for _, value := range arg.EnumSlice() {
				offer(value)
			}
		}
	}
	slices.Sort(found)
	return found
}

// flagOf returns the flag that a word names, as "--name", "--name=value" or "-n".
func flagOf(node *kong.Node, word string) *kong.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	for _, group := range node.AllFlags(false) {
		for _, flag := range group {
			if flag.Name == name || flag.Short != 0 && string(flag.Short) == name {
				return flag
			}
		}
	}
	return nil
}

// valuesOf returns the values that a flag may have, none where they are many.
func valuesOf(flag *kong.Flag) []string {
	switch flag.Name {
	case "runtime":
		return runtimes.IDs()
	case "architecture":
		return runtimes.Architectures()
	}
	return flag.EnumSlice()
}

// binary is how the program is called in the scripts.
const binary = "terraform-provider-layerbuild"

// The scripts ask the program itself, so that they never lag.
var (
	bashScript = fmt.Sprintf(`# source <(%[1]s completion bash)
_layerbuild_words() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <("${COMP_WORDS[0]}" words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _layerbuild_words %[1]s
`, binary)
	zshScript = fmt.Sprintf(`#compdef %[1]s
# source <(%[1]s completion zsh)
_layerbuild_words() {
  local -a found
  found=("${(@f)$("${words[1]}" words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n ${found[1]} ]]; then
    compadd -- "${found[@]}"
  else
    _files
  fi
}
compdef _layerbuild_words %[1]s
`, binary)
	fishScript = fmt.Sprintf(`# %[1]s completion fish | source
complete -c %[1]s -a '(%[1]s words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`, binary)
)
