#!/bin/busybox sh
# SPDX-License-Identifier: ISC
# /init of an initramfs that holds the box and busybox: what init.c does, in the shell
export PATH=/bin
busybox mkdir -p /proc /sys /dev /run /tmp
number=0
# a firmware may have left something on this line
echo

# report WHAT, by the status before it
report()
{
	[ $? = 0 ] && how=ok || how='not ok'
	number=$((number + 1))
	echo "$how $number $1"
}

# Start a server that tells on stdout when it is ready.
serve()
{
	busybox mkfifo /run/ready
	"$@" >/run/ready &
	pid=$!
	read -r _ </run/ready
	busybox rm /run/ready
}

busybox mount -t proc proc /proc && busybox mount -t sysfs sysfs /sys &&
	{ busybox mount -t devtmpfs devtmpfs /dev || [ -c /dev/null ]; } &&
	busybox mount -t tmpfs tmpfs /run
report mounts
began=$(busybox cut -d' ' -f1 /proc/uptime)

serve ipcserver -1 /run/hello access -v0 -i /etc/hello busybox sh -c 'echo "hello $IPCREMOTEEUID"'
text=$(ipcclient /run/hello ipcioconnect </dev/null)
now=$(busybox cut -d' ' -f1 /proc/uptime)
[ "$text" = "hello 0" ]
report "a served client"
echo "# ms from the mounts to the first answer: $(((${now%.*}${now#*.} - ${began%.*}${began#*.}) * 10))"
[ -z "$(UID=1000 GID=1000 ipcapplyuidgid -u 1000 -g 1000 ipcclient /run/hello ipcioconnect </dev/null)" ]
report "a refused client"

busybox mkfifo /run/ready
ipcsocklog -d 3 3>/run/ready >/run/lines &
read -r _ </run/ready
busybox logger -p user.notice -t init booted
for _ in 1 2 3 4 5 6 7 8 9 10; do busybox grep -q booted /run/lines && break; busybox usleep 100000; done
busybox grep -q 'user.notice: .*booted' /run/lines
report "syslog on /dev/log"
busybox rm /run/ready

echo held >/run/file
serve ipcfdholder-daemon -1 -i /etc/holder /run/holder
ipcfdholder-store /run/holder name </run/file &&
	[ "$(ipcfdholder-retrieve /run/holder name busybox cat)" = held ]
report "a holder"
kill "$pid"
wait "$pid"
[ $? = 1 ]
report "the holder ends and says that it held something"

serve ipcserver -1 /run/pass ipcfdpass recv -s 0 in=5 busybox sh -c 'busybox cat <&5 >/run/passed'
ipcclient /run/pass ipcfdpass send in=5 5</run/file
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s /run/passed ] && break; busybox usleep 100000; done
[ "$(busybox cat /run/passed)" = held ]
report "a descriptor passed"

ipcsocketactivate --inetd -a -l /run/active busybox echo activated &
until ipcping /run/active >/dev/null 2>&1; do busybox usleep 100000; done
[ "$(ipcclient /run/active ipcioconnect </dev/null)" = activated ]
report "socket activation"

serve ipcserver -1 /run/slow busybox sh -c 'echo begun; read x; echo "done $x"'
busybox mkfifo /run/to /run/from
ipcclient /run/slow ipcioconnect </run/to >/run/from &
exec 4>/run/to 5</run/from
read -r first <&5
kill -INT "$pid"
echo x >&4
read -r last <&5
[ "$first $last" = "begun done x" ] && wait "$pid"
report drain
echo "# done"
busybox poweroff -f
