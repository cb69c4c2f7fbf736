"""The packet length of a session, and what a target makes of it."""

import pytest

from conftest import NLB, TARGET, refuses, session


@pytest.mark.parametrize("length", [-1, 0, 1, 34, 2**31, 10**12, 2**63])
def test_packet_length_out_of_range(ec2, length):
    with refuses("InvalidParameterValue"):
        session(ec2, PacketLength=length)
    id = session(ec2)["TrafficMirrorSessionId"]
    with refuses("InvalidParameterValue"):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=id, PacketLength=length)


def test_packet_length(ec2):
    assert "PacketLength" not in session(ec2)
    assert session(ec2, number=3, PacketLength=35)["PacketLength"] == 35
    assert session(ec2, number=2, PacketLength=9001)["PacketLength"] == 9001


def test_an_nlb_sets_the_packet_length(ec2):
    made = session(ec2, target=NLB)
    assert made["PacketLength"] == 8500
    with refuses("InvalidParameterValue"):
        session(ec2, target=NLB, number=2, PacketLength=8501)
    id = made["TrafficMirrorSessionId"]
    with refuses("InvalidParameterCombination"):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=id, TrafficMirrorTargetId=TARGET)
    moved = ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=id, TrafficMirrorTargetId=TARGET, RemoveFields=["packet-length"]
    )
    assert "PacketLength" not in moved["TrafficMirrorSession"]
    ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=id, PacketLength=9000)
    with refuses("InvalidParameterValue"):
        ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=id, TrafficMirrorTargetId=NLB)
    back = ec2.modify_traffic_mirror_session(
        TrafficMirrorSessionId=id, TrafficMirrorTargetId=NLB, RemoveFields=["packet-length"]
    )
    assert back["TrafficMirrorSession"]["PacketLength"] == 8500


def test_packet_length_when_a_session_moves_off_or_stays_on_an_nlb(ec2):
    id = session(ec2, target=NLB, PacketLength=100)["TrafficMirrorSessionId"]
    with refuses("InvalidParameterCombination"):
        ec2.modify_traffic_mirror_session(
            TrafficMirrorSessionId=id, TrafficMirrorTargetId=TARGET, PacketLength=200
        )
    stays = ec2.modify_traffic_mirror_session(TrafficMirrorSessionId=id, RemoveFields=["packet-length"])
    assert stays["TrafficMirrorSession"]["PacketLength"] == 8500
