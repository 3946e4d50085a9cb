// Command go-host is the driver of a host under test whose every move is HashiCorp's go-plugin: it starts, connects, pings and kills
// plugins by that library, with the handshake of Mattermost's server. Of its own it has only what any application puts on top: a table of
// plugins, the first three hooks, and a deadline for each hook. conformance/HOST.md describes the orders.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// An order, with all fields that the orders of this driver have.
type order struct {
	ID       uint64           `json:"id"`
	Do       string           `json:"do"`
	Dir      string           `json:"dir"`
	Plugin   string           `json:"plugin"`
	Hook     string           `json:"hook"`
	Request  []byte           `json:"request"`
	WithinMS int              `json:"within_ms"`
	TimingMS map[string]int64 `json:"timing_ms"`
}

// A refusal, in the words of the protocol.
type refusal struct {
	Kind    string         `json:"kind"`
	Message string         `json:"message"`
	Go      string         `json:"go,omitempty"`
	Detail  map[string]any `json:"detail,omitempty"`
}

func (r *refusal) Error() string { return r.Kind + ": " + r.Message }

type object = map[string]any

var stdout sync.Mutex

// say writes one line.
func say(message object) {
	line, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	stdout.Lock()
	defer stdout.Unlock()
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		os.Exit(1) // Nobody listens any more.
	}
}

func answer(id uint64, ok any, err error) {
	if err == nil {
		say(object{"id": id, "ok": ok})
		return
	}
	refused, is := err.(*refusal)
	if !is {
		refused = &refusal{Kind: "driver", Message: err.Error()}
	}
	say(object{"id": id, "error": refused})
}

// hello claims what a driver of a library can claim that has no notion of Mattermost.
func hello() object {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/hashicorp/go-plugin" {
				version = module.Version
			}
		}
	}
	return object{
		"protocol": 1,
		"host":     "go-plugin " + version,
		"orders": []string{"hello", "configure", "activate", "hook", "health", "status", "wait_exit", "deactivate",
			"restart", "shutdown"},
		"timing": []string{"start", "implemented", "hook"},
		"events": []string{"log"},
	}
}

// patience is how long plugins may take to end when the driver does.
const patience = 5 * time.Second

func main() {
	h := newHost()
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			if err != io.EOF {
				fmt.Fprintln(os.Stderr, err)
			}
			break
		}
		var o order
		if err := json.Unmarshal(line, &o); err != nil {
			// The request of an order that is not known may be of any form.
			answer(o.ID, nil, &refusal{Kind: "order.misunderstood", Message: err.Error()})
			continue
		}
		switch o.Do {
		case "hello":
			answer(o.ID, hello(), nil)
		case "configure":
			h.configure(o.TimingMS)
			answer(o.ID, object{}, nil)
		case "shutdown":
			h.shutDown(patience)
			answer(o.ID, object{}, nil)
			return
		default:
			go func() {
				ok, err := h.obey(o)
				answer(o.ID, ok, err)
			}()
		}
	}
	h.shutDown(patience)
}

func (h *host) obey(o order) (any, error) {
	switch o.Do {
	case "activate":
		return h.activate(o.Dir)
	case "hook":
		return h.hook(o.Plugin, o.Hook, o.Request)
	case "health":
		return h.health(o.Plugin)
	case "status":
		return h.status(o.Plugin), nil
	case "wait_exit":
		return h.waitExit(o.Plugin, time.Duration(o.WithinMS)*time.Millisecond), nil
	case "deactivate":
		return h.deactivate(o.Plugin), nil
	case "restart":
		return h.restart(o.Plugin)
	}
	return nil, &refusal{Kind: "unsupported", Message: "no order " + o.Do}
}
