"""libtorrent-load.py TORRENT FOLDER PORT SEEDER_PORT...: one download, tuned; prints what it took as JSON."""
import json
import os
import re
import sys
import time

import libtorrent as lt

torrent, folder, port, *seeders = sys.argv[1:]
session = lt.session({
    'listen_interfaces': f'127.0.0.1:{port}', 'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False,
    'enable_natpmp': False, 'enable_incoming_utp': False, 'enable_outgoing_utp': False,
    'allow_multiple_connections_per_ip': True, 'out_enc_policy': 2, 'in_enc_policy': 2, 'prefer_rc4': False,
    'alert_mask': (lt.alert.category_t.status_notification | lt.alert.category_t.storage_notification
                   | lt.alert.category_t.error_notification),
    'max_out_request_queue': 3000, 'request_queue_time': 10, 'max_queued_disk_bytes': 64 << 20, 'hashing_threads': 2,
    'aio_threads': 4, 'recv_socket_buffer_size': 4 << 20, 'connection_speed': 500, 'piece_timeout': 5,
    'tick_interval': 100, 'file_pool_size': 40,
})
information = lt.torrent_info(torrent)


def cpu_seconds():
    times = os.times()
    return times.user + times.system


started_at, cpu_before = time.monotonic(), cpu_seconds()
parameters = lt.add_torrent_params()
parameters.ti = information
parameters.save_path = folder
handle = session.add_torrent(parameters)
handle.replace_trackers([])
for seeder in seeders:
    handle.connect_peer(('127.0.0.1', int(seeder)))
done = False
while not done:
    session.wait_for_alert(1000)
    for alert in session.pop_alerts():
        if isinstance(alert, lt.torrent_finished_alert):
            done = True
        elif isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert)):
            sys.exit(alert.message())
seconds = time.monotonic() - started_at
with open('/proc/self/status') as status:
    peak = int(re.search(r'VmHWM:\s+(\d+)', status.read()).group(1)) / 1024
print(json.dumps({'seconds': seconds, 'cpuSeconds': cpu_seconds() - cpu_before, 'peakMib': peak}), flush=True)
# Its clock has stopped at the last verified piece, but some of them are not written yet.
handle.flush_cache()
while not any(isinstance(alert, lt.cache_flushed_alert) for alert in session.pop_alerts()):
    session.wait_for_alert(100)
os._exit(0)
