package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// The handshake of Mattermost's server.
var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "MATTERMOST_PLUGIN",
	MagicCookieValue: "Securely message teams, anywhere.",
}

// A host is a table of plugins and their bounds.
type host struct {
	mu      sync.Mutex
	plugins map[string]*instance
	start   time.Duration
	hooks   time.Duration
	listing time.Duration
	single  map[string]time.Duration // The bounds of single hooks.
}

// An instance is a plugin with at most one process.
type instance struct {
	turn sync.Mutex // Held by whoever starts or stops it.

	mu      sync.Mutex
	dir     string
	client  *plugin.Client
	command *exec.Cmd
	conn    *grpc.ClientConn
	hooks   map[string]bool // nil: all
	ready   bool
	failed  string
}

func newHost() *host {
	return &host{
		plugins: map[string]*instance{},
		start:   10 * time.Second,
		hooks:   30 * time.Second,
		listing: 30 * time.Second,
		single:  map[string]time.Duration{},
	}
}

func (h *host) configure(timing map[string]int64) {
	for name, bound := range map[string]*time.Duration{"start": &h.start, "hook": &h.hooks, "implemented": &h.listing} {
		if ms, ok := timing[name]; ok {
			*bound = time.Duration(ms) * time.Millisecond
		}
	}
	for name, ms := range timing {
		if hook, ok := strings.CutPrefix(name, "hook."); ok {
			h.single[hook] = time.Duration(ms) * time.Millisecond
		}
	}
}

func (h *host) instance(id string) *instance {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.plugins[id] == nil {
		h.plugins[id] = &instance{}
	}
	return h.plugins[id]
}

// runs tells whether there is a process that has answered OnActivate and not ended.
func (i *instance) runs() (*grpc.ClientConn, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.conn, i.ready && i.client != nil && !i.client.Exited()
}

func (h *host) activate(dir string) (any, error) {
	manifest, err := os.ReadFile(filepath.Join(dir, "plugin.json"))
	if err != nil {
		return nil, err
	}
	var named struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(manifest, &named); err != nil {
		return nil, err
	}
	i := h.instance(named.ID)
	i.turn.Lock()
	defer i.turn.Unlock()
	if _, running := i.runs(); running {
		return object{"plugin": named.ID, "started": false, "pid": i.command.Process.Pid}, nil
	}
	return h.begin(named.ID, dir, i)
}

func (h *host) restart(id string) (any, error) {
	i := h.instance(id)
	i.turn.Lock()
	defer i.turn.Unlock()
	if i.dir == "" {
		return nil, &refusal{Kind: "plugin.not_running", Message: "it was never started"}
	}
	h.end(i)
	return h.begin(id, i.dir, i)
}

// begin starts a process, and kills it if it does not come as far as the answer of OnActivate. Whoever calls has the turn.
func (h *host) begin(id, dir string, i *instance) (any, error) {
	h.end(i) // What is left of an earlier process.
	command := exec.Command(filepath.Join(dir, "venv/bin/python"), "plugin.py")
	command.Dir = dir
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Name: id, Level: hclog.Trace, Output: os.Stderr})
	logger.RegisterSink(sink{id})
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          plugin.PluginSet{"hooks": connection{}},
		Cmd:              command,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		StartTimeout:     h.start,
		Logger:           logger,
	})
	i.mu.Lock()
	i.dir, i.client, i.command, i.conn, i.hooks, i.ready, i.failed = dir, client, command, nil, nil, false, ""
	i.mu.Unlock()
	conn, hooks, err := h.bringUp(client)
	if err != nil {
		i.mu.Lock()
		i.failed = err.Error()
		i.mu.Unlock()
		client.Kill()
		return nil, err
	}
	i.mu.Lock()
	i.conn, i.hooks, i.ready = conn, hooks, true
	i.mu.Unlock()
	return object{"plugin": id, "started": true, "pid": command.Process.Pid}, nil
}

func (h *host) bringUp(client *plugin.Client) (*grpc.ClientConn, map[string]bool, error) {
	if _, err := client.Start(); err != nil {
		return nil, nil, startRefused(err)
	}
	protocol, err := client.Client()
	if err != nil {
		return nil, nil, &refusal{Kind: "connect.failed", Message: err.Error()}
	}
	dispensed, err := protocol.Dispense("hooks")
	if err != nil {
		return nil, nil, &refusal{Kind: "connect.failed", Message: err.Error()}
	}
	conn := dispensed.(*grpc.ClientConn)
	hooks, err := h.lifecycle(conn)
	return conn, hooks, err
}

// end asks a plugin to leave and kills it. Whoever calls has the turn.
func (h *host) end(i *instance) bool {
	i.mu.Lock()
	client, conn, hooks, ready := i.client, i.conn, i.hooks, i.ready
	i.ready = false
	i.mu.Unlock()
	if client == nil {
		return false
	}
	if ready && !client.Exited() && (hooks == nil || hooks["OnDeactivate"]) {
		// Whatever it says, it is stopped.
		_, _ = invoke(conn, "OnDeactivate", nil, h.hooks)
	}
	client.Kill()
	i.mu.Lock()
	i.client = nil
	i.mu.Unlock()
	return ready
}

func (h *host) deactivate(id string) any {
	i := h.instance(id)
	i.mu.Lock()
	client, starting := i.client, !i.ready
	i.mu.Unlock()
	if client != nil && starting {
		client.Kill() // Calls off the start that has the turn.
	}
	i.turn.Lock()
	defer i.turn.Unlock()
	return object{"stopped": h.end(i)}
}

func (h *host) status(id string) any {
	i := h.instance(id)
	if _, running := i.runs(); running {
		return object{"state": "running"}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.failed != "":
		return object{"state": "failed_to_start", "error": i.failed}
	case i.client != nil && !i.ready && !i.client.Exited():
		return object{"state": "starting"}
	}
	return object{"state": "not_running"}
}

// waitExit asks the library again and again: it tells nobody of an end.
func (h *host) waitExit(id string, within time.Duration) any {
	i := h.instance(id)
	i.mu.Lock()
	client, command := i.client, i.command
	i.mu.Unlock()
	if command == nil {
		return object{"exited": false}
	}
	for until := time.Now().Add(within); client != nil && !client.Exited(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			return object{"exited": false}
		}
	}
	ended := object{"exited": true}
	if state := command.ProcessState; state != nil {
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			ended["signal"] = int(status.Signal())
		} else {
			ended["exit_code"] = state.ExitCode()
		}
	}
	return ended
}

// shutDown stops all plugins side by side, and does not wait for those that hang for ever.
func (h *host) shutDown(within time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all sync.WaitGroup
	for _, i := range h.plugins {
		all.Add(1)
		go func() {
			defer all.Done()
			i.turn.Lock()
			defer i.turn.Unlock()
			h.end(i)
		}()
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(within):
	}
}

// The kinds of the library's errors, by what they begin with or have in them.
var startKinds = []struct{ part, kind string }{
	{"timeout while waiting for plugin to start", "handshake.timeout"},
	{"Failed to read any lines from plugin's stdout", "handshake.stdout_closed"},
	{"Unrecognized remote plugin message", "handshake.malformed"},
	{"error parsing core protocol version", "handshake.core_version"},
	{"incompatible core API version", "handshake.core_version"},
	{"Error parsing protocol version", "handshake.app_version"},
	{"incompatible API version", "handshake.app_version"},
	{"unknown address type", "handshake.network"},
	{"unsupported plugin protocol", "handshake.protocol"},
	{"error parsing server cert", "handshake.certificate"},
	{"fork/exec", "start.spawn"},
	{"executable file not found", "start.spawn"},
	// What is left comes from resolving the address.
	{"", "handshake.address"},
}

func startRefused(err error) error {
	text := err.Error()
	refused := &refusal{Message: text, Go: text, Detail: map[string]any{}}
	for _, row := range startKinds {
		if strings.Contains(text, row.part) {
			refused.Kind = row.kind
			break
		}
	}
	if line, ok := strings.CutPrefix(text, "Unrecognized remote plugin message: "); ok {
		line, _, _ = strings.Cut(line, "\n")
		refused.Detail["first_line"] = line
	}
	return refused
}

// A sink tells the lines that plugins write to stderr, which the library logs under the name of their program.
type sink struct{ plugin string }

func (s sink) Accept(name string, level hclog.Level, message string, _ ...any) {
	if strings.HasSuffix(name, ".python") {
		say(object{"event": "log", "plugin": s.plugin, "level": level.String(), "message": message})
	}
}
